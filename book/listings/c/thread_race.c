/* Four threads count to a million each: in two steps, in one, and under a lock. */
#define _GNU_SOURCE 1
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ANCHOR: race */
static volatile unsigned plain;
static atomic_uint atomic;
static unsigned locked;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static void *count(void *unused)
{
    (void)unused;
    for (int i = 0; i < 1000000; i++) {
        plain++; /* undefined behaviour */

        atomic_fetch_add(&atomic, 1);

        pthread_mutex_lock(&lock);
        locked++;
        pthread_mutex_unlock(&lock);
    }
    return NULL;
}
/* ANCHOR_END: race */

int main(void)
{
    pthread_t threads[4];
    for (int i = 0; i < 4; i++) {
        int error = pthread_create(&threads[i], NULL, count, NULL);
        if (error != 0) {
            fprintf(stderr, "pthread_create: %s\n", strerror(error));
            exit(1);
        }
    }
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    printf("plain:  %u\natomic: %u\nlocked: %u\n", plain, atomic, locked);
    return 0;
}
