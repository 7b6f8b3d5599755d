/* Five children end at once: the handler runs once, and waits for all. */
#define _GNU_SOURCE 1
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile sig_atomic_t runs, ended;

/* ANCHOR: all */
static void reap_all(int signal)
{
    int saved = errno;
    pid_t child;

    (void)signal;
    do {
        child = waitpid(-1, NULL, WNOHANG);
        /* > 0: one has ended, and is gone now.
           Is there more? */
        if (child > 0)
            ended++;
        /* 0: some live on, and none of them has
           ended. -1: there are no children at all. */
    } while (child > 0);
    runs++;
    errno = saved;
}
/* ANCHOR_END: all */

/* ANCHOR: install */
static void on_sigchld(void (*handler)(int))
{
    struct sigaction action = {
        .sa_handler = handler,
        .sa_flags = SA_RESTART | SA_NOCLDSTOP,
    };
    sigemptyset(&action.sa_mask);
    if (sigaction(SIGCHLD, &action, NULL) == -1) {
        perror("sigaction");
        exit(1);
    }
}
/* ANCHOR_END: install */

int main(void)
{
    on_sigchld(reap_all);

    sigset_t sigchld;
    sigemptyset(&sigchld);
    sigaddset(&sigchld, SIGCHLD);
    sigprocmask(SIG_BLOCK, &sigchld, NULL);

    pid_t children[5];
    for (int i = 0; i < 5; i++) {
        children[i] = fork();
        if (children[i] == -1) {
            perror("fork");
            exit(1);
        }
        if (children[i] == 0)
            _exit(0);
    }
    for (int i = 0; i < 5; i++) { /* Until it has ended: WNOWAIT leaves it a zombie. */
        siginfo_t info;
        waitid(P_PID, (id_t)children[i], &info, WEXITED | WNOWAIT);
    }

    sigprocmask(SIG_UNBLOCK, &sigchld, NULL); /* Here the handler runs. */
    printf("the handler ran %d time, and waited for %d children\n", (int)runs, (int)ended);
    return 0;
}
