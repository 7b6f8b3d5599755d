/* How many sockets a process may have at once. */
#define _GNU_SOURCE 1
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>

static void fail(const char *call)
{
    perror(call);
    exit(1);
}

/* ANCHOR: limit */
static rlim_t set_limit(rlim_t soft)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == -1)
        fail("getrlimit");
    rlim_t old = limit.rlim_cur;
    limit.rlim_cur = soft; /* rlim_max: the hard one */
    if (setrlimit(RLIMIT_NOFILE, &limit) == -1)
        fail("setrlimit");
    return old;
}
/* ANCHOR_END: limit */

int main(void)
{
    rlim_t old = set_limit(64);
    printf("the limit was %ju, and is 64\n", (uintmax_t)old);
    int count = 0;
    while (socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0) != -1)
        count++;
    printf("%d sockets\n", count);
    perror("the next");
    return 0;
}
