/* A mutex whose owner died is handed on, in a thread and in another process. */
#include "check.h"
#include <pthread.h>
#include <sys/mman.h>
#include <sys/wait.h>

static void *dies(void *lock) {
    pthread_mutex_lock(lock);
    return NULL;
}

int main(void) {
    pthread_mutex_t *lock = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    pthread_mutexattr_t attributes;
    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
    pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
    pthread_mutex_init(lock, &attributes);
    pthread_t thread;
    pthread_create(&thread, NULL, dies, lock);
    pthread_join(thread, NULL);
    int result = pthread_mutex_lock(lock);
    SHOW("thread's", "%s", strerrorname_np(result));
    SHOW("consistent", "%d", pthread_mutex_consistent(lock));
    SHOW("unlock", "%d", pthread_mutex_unlock(lock));
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) { pthread_mutex_lock(lock); usleep(50000); _exit(0); }
    usleep(20000);
    result = pthread_mutex_lock(lock);
    SHOW("process's", "%s", strerrorname_np(result));
    waitpid(child, NULL, 0);
    pthread_mutex_unlock(lock);
    result = pthread_mutex_lock(lock);
    SHOW("given up", "%s", strerrorname_np(result));
    END();
}
