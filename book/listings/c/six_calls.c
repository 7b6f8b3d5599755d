/* A server in six calls: it greets one client, and ends. */
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

int main(int argc, char **argv)
{
    if (argc != 3) {
        fprintf(stderr, "usage: six_calls IP PORT\n");
        return 2;
    }
    const char *ip = argv[1];
    uint16_t port = (uint16_t)atoi(argv[2]);

    /* ANCHOR: socket */
    int listener = socket(AF_INET,
                          SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (listener == -1)
        fail("socket");
    /* ANCHOR_END: socket */

    /* ANCHOR: bind */
    struct sockaddr_in wanted = {
        .sin_family = AF_INET,
        .sin_port = htons(port),
    };
    if (inet_pton(AF_INET, ip, &wanted.sin_addr) != 1)
        fail("inet_pton");
    if (bind(listener, (struct sockaddr *)&wanted,
             sizeof(wanted)) == -1)
        fail("bind");
    /* ANCHOR_END: bind */

    /* ANCHOR: listen */
    if (listen(listener, 128) == -1)
        fail("listen");
    /* ANCHOR_END: listen */

    /* ANCHOR: getsockname */
    struct sockaddr_in bound;
    socklen_t length = sizeof(bound);
    if (getsockname(listener, (struct sockaddr *)&bound,
                    &length) == -1)
        fail("getsockname");
    printf("listening on %s:%d\n",
           inet_ntoa(bound.sin_addr),
           ntohs(bound.sin_port));
    fflush(stdout);
    /* ANCHOR_END: getsockname */

    /* ANCHOR: accept */
    int connection = accept4(listener, NULL, NULL,
                             SOCK_CLOEXEC);
    if (connection == -1)
        fail("accept");
    /* ANCHOR_END: accept */

    /* ANCHOR: read */
    char buffer[64];
    ssize_t count = read(connection, buffer,
                         sizeof(buffer));
    if (count == -1)
        fail("read");
    /* ANCHOR_END: read */
    printf("read %zd bytes\n", count);

    /* ANCHOR: write */
    ssize_t taken = write(connection, "welcome\n", 8);
    if (taken == -1)
        fail("write");
    /* ANCHOR_END: write */
    printf("wrote %zd bytes\n", taken);

    /* ANCHOR: close */
    close(connection);
    close(listener);
    /* ANCHOR_END: close */
    return 0;
}
