/* One variable, two processes: fork copies memory. */
#define _GNU_SOURCE 1
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

/* ANCHOR: fork */
int main(void)
{
    int a = 8;

    pid_t child = fork();
    if (child == -1) {
        perror("fork");
        exit(1);
    }
    if (child == 0) {
        a += 1;
        printf("child %d: a = %d at %p\n",
               getpid(), a, (void *)&a);
        exit(0);
    }
    waitpid(child, NULL, 0);
    printf("parent %d: a = %d at %p\n",
           getpid(), a, (void *)&a);
    return 0;
}
/* ANCHOR_END: fork */
