/* The child of the lecture notes, and one that stays with its client. */
#define _GNU_SOURCE 1
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* ANCHOR: once */
static void once(int fd)
{
    char buf[1024];
    while (1) {
        ssize_t n = read(fd, buf, sizeof(buf));
        if (n <= 0)
            break;
        if (write(fd, buf, (size_t)n) == -1)
            break;
        exit(0); /* after one message */
    }
}
/* ANCHOR_END: once */

/* ANCHOR: text */
static void text(int fd)
{
    char buf[1024];
    while (read(fd, buf, sizeof(buf)) > 0) {
        if (write(fd, buf, strlen(buf) + 1) == -1)
            break;
    }
    exit(0);
}
/* ANCHOR_END: text */

static void show(const char *bytes, ssize_t n)
{
    for (ssize_t i = 0; i < n; i++) {
        if (bytes[i] == '\0')
            printf("\\0");
        else
            putchar(bytes[i]);
    }
}

/* Says two things to a child that runs `serve`, and prints the answers. */
static void talk(const char *name, void (*serve)(int))
{
    static const struct { const char *bytes; size_t n; } say[] = {
        { "longer\0one", 10 }, { "two", 3 },
    };
    int pair[2];

    fflush(stdout);
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == -1) {
        perror("socketpair");
        exit(1);
    }
    pid_t child = fork();
    if (child == -1) {
        perror("fork");
        exit(1);
    }
    if (child == 0) {
        close(pair[0]);
        serve(pair[1]);
        exit(0);
    }
    close(pair[1]);
    for (int i = 0; i < 2; i++) {
        char buf[64];
        ssize_t n = -1;
        if (send(pair[0], say[i].bytes, say[i].n, MSG_NOSIGNAL) != -1)
            n = read(pair[0], buf, sizeof(buf));
        printf("%s: sent \"", name);
        show(say[i].bytes, (ssize_t)say[i].n);
        if (n > 0) {
            printf("\", got \"");
            show(buf, n);
            printf("\"\n");
        } else {
            printf("\", got nothing: the child has gone\n");
        }
    }
    close(pair[0]);
    waitpid(child, NULL, 0);
}

int main(void)
{
    talk("once", once);
    talk("text", text);
    return 0;
}
