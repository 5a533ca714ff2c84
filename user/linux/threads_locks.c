/* Mutexes, conditions, barriers, reader-writer locks and semaphores under contention. */
#include "check.h"
#include <pthread.h>
#include <semaphore.h>
#include <time.h>

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
static pthread_barrier_t barrier;
static sem_t semaphore;
static int counter, serial, inside, most, turn;

static void *works(void *number) {
    for (int i = 0; i < 2000; i++) {
        pthread_mutex_lock(&mutex);
        counter++;
        pthread_mutex_unlock(&mutex);
    }
    if (pthread_barrier_wait(&barrier) == PTHREAD_BARRIER_SERIAL_THREAD) serial++;
    for (int i = 0; i < 50; i++) {
        sem_wait(&semaphore);
        int now = __atomic_add_fetch(&inside, 1, __ATOMIC_SEQ_CST);
        if (now > most) most = now;
        __atomic_sub_fetch(&inside, 1, __ATOMIC_SEQ_CST);
        sem_post(&semaphore);
    }
    for (int i = 0; i < 20; i++) {
        pthread_mutex_lock(&mutex);
        while (turn % 8 != (long)number) pthread_cond_wait(&condition, &mutex);
        turn++;
        pthread_cond_broadcast(&condition);
        pthread_mutex_unlock(&mutex);
    }
    return NULL;
}

int main(void) {
    pthread_t threads[8];
    pthread_barrier_init(&barrier, NULL, 8);
    sem_init(&semaphore, 0, 3);
    for (long i = 0; i < 8; i++) pthread_create(&threads[i], NULL, works, (void *)i);
    for (int i = 0; i < 8; i++) pthread_join(threads[i], NULL);
    SHOW("counter", "%d", counter);
    SHOW("serial", "%d", serial);
    SHOW("at most", "%d", most <= 3);
    SHOW("turns", "%d", turn);
    struct timespec when;
    clock_gettime(CLOCK_REALTIME, &when);
    when.tv_sec--;
    pthread_mutex_lock(&mutex);
    SHOW("timed wait", "%s", strerrorname_np(pthread_cond_timedwait(&condition, &mutex, &when)));
    SHOW("try", "%s", strerrorname_np(pthread_mutex_trylock(&mutex)));
    END();
}
