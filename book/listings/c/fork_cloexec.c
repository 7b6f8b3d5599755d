/* Close-on-exec: which socket does a program have that this one executes? */
#define _GNU_SOURCE 1
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* ANCHOR: sockets */
static int plain_socket(void)
{
    int type = SOCK_STREAM;
    return socket(AF_INET, type, 0);
}

static int cloexec_socket(void)
{
    int type = SOCK_STREAM | SOCK_CLOEXEC;
    return socket(AF_INET, type, 0);
}
/* ANCHOR_END: sockets */

int main(void)
{
    int plain = plain_socket();
    int cloexec = cloexec_socket();
    if (plain == -1 || cloexec == -1) {
        perror("socket");
        exit(1);
    }
    pid_t child = fork();
    if (child == -1) {
        perror("fork");
        exit(1);
    }
    if (child == 0) {
        char a[40], b[40];
        snprintf(a, sizeof(a), "/proc/self/fd/%d", plain);
        snprintf(b, sizeof(b), "/proc/self/fd/%d", cloexec);
        execlp("sh", "sh", "-c",
               "test -e $0 && echo socket: open;"
               "test -e $1 || echo SOCK_CLOEXEC: closed",
               a, b, (char *)NULL);
        perror("execlp");
        _exit(1);
    }
    waitpid(child, NULL, 0);
    return 0;
}
