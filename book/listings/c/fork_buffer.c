/* What stdio has not yet written is memory, too: fork copies it. */
#define _GNU_SOURCE 1
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

/* ANCHOR: buffer */
int main(void)
{
    printf("listening on 127.0.0.1:9000\n");
    /* fflush(stdout) is missing here. */
    pid_t child = fork();
    if (child == 0)
        exit(0);
    waitpid(child, NULL, 0);
    return 0;
}
/* ANCHOR_END: buffer */
