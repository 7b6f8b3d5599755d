/* RLIMIT_NOFILE: read it, lower it, run into it. */
#define _GNU_SOURCE 1
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

/* ANCHOR: limit */
static void limit_descriptors(rlim_t new)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == -1) {
        perror("getrlimit");
        exit(1);
    }
    printf("limit %ju, at most %ju, now %ju\n",
           (uintmax_t)limit.rlim_cur,
           (uintmax_t)limit.rlim_max, (uintmax_t)new);

    limit.rlim_cur = new;
    if (setrlimit(RLIMIT_NOFILE, &limit) == -1) {
        perror("setrlimit");
        exit(1);
    }
}
/* ANCHOR_END: limit */

int main(void)
{
    limit_descriptors(16);
    int last = -1, fd;
    while ((fd = open("/dev/null", O_RDONLY | O_CLOEXEC)) != -1)
        last = fd;
    printf("the last descriptor is %d, then %s\n", last, strerror(errno));
    return 0;
}
