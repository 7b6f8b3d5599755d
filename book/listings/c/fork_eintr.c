/* A child ends while its parent sleeps in accept, without SA_RESTART. */
#define _GNU_SOURCE 1
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static void reap_all(int signal)
{
    int saved = errno;

    (void)signal;
    while (waitpid(-1, NULL, WNOHANG) > 0)
        ;
    errno = saved;
}

static void fail(const char *call)
{
    perror(call);
    exit(1);
}

/* ANCHOR: accept */
static int accept_client(int listener)
{
    while (1) {
        int fd = accept4(listener, NULL, NULL,
                         SOCK_CLOEXEC);
        if (fd != -1) {
            printf("a connection\n");
            return fd;
        }
        if (errno != EINTR)
            fail("accept");
        printf("EINTR\n");
    }
}
/* ANCHOR_END: accept */

int main(void)
{
    struct sigaction action = { .sa_handler = reap_all };
    sigemptyset(&action.sa_mask);
    if (sigaction(SIGCHLD, &action, NULL) == -1)
        fail("sigaction");

    struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    socklen_t length = sizeof(address);
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (listener == -1 || bind(listener, (struct sockaddr *)&address, length) == -1
        || listen(listener, 128) == -1
        || getsockname(listener, (struct sockaddr *)&address, &length) == -1)
        fail("listener");

    pid_t child = fork();
    if (child == -1)
        fail("fork");
    if (child == 0) { /* Ends while the parent sleeps; its own child connects after that. */
        usleep(100 * 1000);
        pid_t client = fork();
        if (client == -1)
            fail("fork");
        if (client > 0)
            exit(0);
        usleep(100 * 1000);
        int fd = socket(AF_INET, SOCK_STREAM, 0);
        if (fd == -1 || connect(fd, (struct sockaddr *)&address, length) == -1)
            fail("connect");
        exit(0);
    }

    accept_client(listener);
    return 0;
}
