/* A thread a client, given its connection by address and by value. */
#define _GNU_SOURCE 1
#include <netinet/in.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CLIENTS = 3 };

/* Threads begin to run when all connections are accepted, as on a busy machine. */
static pthread_barrier_t accepted;

static void check(int result, const char *call)
{
    if (result == -1) {
        perror(call);
        exit(1);
    }
}

static void greet(int connection)
{
    check(write(connection, "!", 1), "write");
}

static void start(pthread_t *thread, void *(*run)(void *), void *argument)
{
    int error = pthread_create(thread, NULL, run, argument);
    if (error != 0) {
        fprintf(stderr, "pthread_create: %s\n", strerror(error));
        exit(1);
    }
}

static int connections[CLIENTS], count;

static int accept_one(int listener)
{
    int connection = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    check(connection, "accept4");
    connections[count++] = connection;
    return connection;
}

static void finish(pthread_t *threads)
{
    pthread_barrier_wait(&accepted);
    for (int i = 0; i < CLIENTS; i++)
        pthread_join(threads[i], NULL);
    while (count > 0)
        check(close(connections[--count]), "close");
}

/* ANCHOR: address */
static void *by_address(void *argument)
{
    pthread_barrier_wait(&accepted);
    int connection = *(int *)argument;
    greet(connection);
    return NULL;
}

static void serve_by_address(int listener)
{
    pthread_t threads[CLIENTS];
    int connection;
    for (int i = 0; i < CLIENTS; i++) {
        connection = accept_one(listener);
        start(&threads[i], by_address, &connection);
    }
    finish(threads);
}
/* ANCHOR_END: address */

/* ANCHOR: value */
static void *by_value(void *argument)
{
    pthread_barrier_wait(&accepted);
    int connection = (int)(intptr_t)argument;
    greet(connection);
    return NULL;
}

static void serve_by_value(int listener)
{
    pthread_t threads[CLIENTS];
    for (int i = 0; i < CLIENTS; i++) {
        intptr_t connection = accept_one(listener);
        start(&threads[i], by_value, (void *)connection);
    }
    finish(threads);
}
/* ANCHOR_END: value */

int main(void)
{
    for (int value = 0; value <= 1; value++) {
        int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        check(listener, "socket");
        struct sockaddr_in address = { .sin_family = AF_INET };
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t length = sizeof address;
        struct sockaddr *generic = (struct sockaddr *)&address;
        check(bind(listener, generic, length), "bind");
        check(listen(listener, SOMAXCONN), "listen");
        check(getsockname(listener, generic, &length), "getsockname");
        int clients[CLIENTS];
        for (int i = 0; i < CLIENTS; i++) {
            clients[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
            check(clients[i], "socket");
            check(connect(clients[i], generic, length), "connect");
        }
        pthread_barrier_init(&accepted, NULL, CLIENTS + 1);
        if (value)
            serve_by_value(listener);
        else
            serve_by_address(listener);
        printf("%s:", value ? "by value  " : "by address");
        const char *words[] = { "nothing", "one", "two", "three" };
        for (int i = 0; i < CLIENTS; i++) {
            int greetings = 0;
            char byte;
            while (read(clients[i], &byte, 1) == 1)
                greetings++;
            printf(" client %d gets %s%s", i + 1, words[greetings],
                   i + 1 < CLIENTS ? "," : "\n");
            close(clients[i]);
        }
        close(listener);
        pthread_barrier_destroy(&accepted);
    }
    return 0;
}
