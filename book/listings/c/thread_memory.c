/* One variable, two threads: they share memory. */
#define _GNU_SOURCE 1
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

/* ANCHOR: threads */
static int a = 8;

static void *add(void *unused)
{
    (void)unused;
    a += 1;
    printf("thread: a = %d at %p\n", a, (void *)&a);
    return NULL;
}

int main(void)
{
    pthread_t thread;
    errno = pthread_create(&thread, NULL, add, NULL);
    if (errno != 0) {
        perror("pthread_create");
        exit(1);
    }
    pthread_join(thread, NULL);
    printf("main:   a = %d at %p\n", a, (void *)&a);
    return 0;
}
/* ANCHOR_END: threads */
