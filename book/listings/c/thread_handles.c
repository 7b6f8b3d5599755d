/* A thousand threads in turn: forgotten, joined, detached. */
#define _GNU_SOURCE 1
#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static sem_t done;

static void *work(void *unused)
{
    (void)unused;
    sem_post(&done);
    return NULL;
}

static void forget(pthread_t thread)
{
    (void)thread;
}

/* ANCHOR: handles */
static void join(pthread_t thread)
{
    void *result;
    /* Sleeps until it ends. */
    pthread_join(thread, &result);
}

static void detach(pthread_t thread)
{
    pthread_detach(thread);
}
/* ANCHOR_END: handles */

static long mebibytes(void)
{
    long pages = 0;
    FILE *statm = fopen("/proc/self/statm", "re");
    if (statm == NULL || fscanf(statm, "%ld", &pages) != 1) {
        perror("/proc/self/statm");
        exit(1);
    }
    fclose(statm);
    return pages * sysconf(_SC_PAGESIZE) / (1024 * 1024);
}

static void a_thousand(const char *name, void (*then)(pthread_t))
{
    long before = mebibytes();
    for (int i = 0; i < 1000; i++) {
        pthread_t thread;
        int error = pthread_create(&thread, NULL, work, NULL);
        if (error != 0) {
            fprintf(stderr, "pthread_create: %s\n", strerror(error));
            exit(1);
        }
        then(thread);
        sem_wait(&done);
    }
    printf("%s  %5ld MiB of addresses\n", name, mebibytes() - before);
}

int main(void)
{
    sem_init(&done, 0, 0);
    a_thousand("joined   ", join);
    a_thousand("detached ", detach);
    a_thousand("forgotten", forget);
    return 0;
}
