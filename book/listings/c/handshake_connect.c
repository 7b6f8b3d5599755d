/* Starts to connect, does not wait, and asks how it went. */
#define _GNU_SOURCE 1
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void fail(const char *call)
{
    perror(call);
    exit(1);
}

/* ANCHOR: start */
static int start(const struct sockaddr_in *server)
{
    int fd = socket(AF_INET, SOCK_STREAM
                    | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd == -1)
        fail("socket");
    if (connect(fd, (const struct sockaddr *)server,
                sizeof(*server)) == -1
        && errno != EINPROGRESS)
        fail("connect");
    return fd;
}
/* ANCHOR_END: start */

/* ANCHOR: wait */
static short wait_for(int fd, int timeout)
{
    struct pollfd fds[1] = {
        { .fd = fd, .events = POLLOUT },
    };
    if (poll(fds, 1, timeout) == -1)
        fail("poll");
    return fds[0].revents;
}
/* ANCHOR_END: wait */

/* ANCHOR: result */
static int result(int fd)
{
    int error;
    socklen_t length = sizeof(error);
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR,
                   &error, &length) == -1)
        fail("getsockopt");
    return error; /* 0: connected */
}
/* ANCHOR_END: result */

int main(int argc, char **argv)
{
    struct sockaddr_in server = { .sin_family = AF_INET };
    if (argc != 3 || inet_pton(AF_INET, argv[1], &server.sin_addr) != 1) {
        fprintf(stderr, "usage: handshake_connect IP PORT\n");
        return 2;
    }
    server.sin_port = htons((uint16_t)atoi(argv[2]));
    int fd = start(&server);
    if (wait_for(fd, 300) == 0) {
        printf("300 ms, and nothing has happened\n");
        return 0;
    }
    int error = result(fd);
    printf("%s\n", error == 0 ? "connected" : strerror(error));
    close(fd);
    return 0;
}
