/* A client: it sends a line, and prints what one read gives. */
#define _GNU_SOURCE 1
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

static void fail(const char *call)
{
    perror(call);
    exit(1);
}

/* ANCHOR: talk */
static void talk(const char *ip, uint16_t port)
{
    int fd = socket(AF_INET,
                    SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd == -1)
        fail("socket");
    struct sockaddr_in server = {
        .sin_family = AF_INET,
        .sin_port = htons(port),
    };
    if (inet_pton(AF_INET, ip, &server.sin_addr) != 1)
        fail("inet_pton");
    if (connect(fd, (struct sockaddr *)&server,
                sizeof(server)) == -1)
        fail("connect");

    if (write(fd, "hello\n", 6) == -1)
        fail("write");
    char buffer[64];
    ssize_t count = read(fd, buffer, sizeof(buffer));
    if (count == -1)
        fail("read");
    printf("read %.*s", (int)count, buffer);
    close(fd);
}
/* ANCHOR_END: talk */

int main(int argc, char **argv)
{
    if (argc != 3) {
        fprintf(stderr, "usage: connect IP PORT\n");
        return 2;
    }
    talk(argv[1], (uint16_t)atoi(argv[2]));
    return 0;
}
