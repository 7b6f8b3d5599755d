/* A server that greets each client. */
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int checked(int result, const char *call)
{
    if (result == -1) {
        perror(call);
        exit(1);
    }
    return result;
}

int main(void)
{
    /* ANCHOR: hello */
    struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_port = htons(9000),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    int listener = checked(
        socket(AF_INET, SOCK_STREAM, 0), "socket");
    int on = 1;
    checked(setsockopt(listener, SOL_SOCKET, SO_REUSEADDR,
                       &on, sizeof(on)), "setsockopt");
    checked(bind(listener, (struct sockaddr *)&address,
                 sizeof(address)), "bind");
    checked(listen(listener, SOMAXCONN), "listen");
    printf("listening on 127.0.0.1:9000\n");
    fflush(stdout);

    const char *greeting = "hello\n";
    for (;;) {
        int connection = checked(
            accept(listener, NULL, NULL), "accept");
        if (write(connection, greeting,
                  strlen(greeting)) == -1)
            perror("write");
        close(connection);
    }
    /* ANCHOR_END: hello */
}
