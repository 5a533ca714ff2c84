/* Cancellation, clean-up handlers, thread-local storage, names and attributes. */
#include "check.h"
#include <pthread.h>
#include <sched.h>

static int cleaned, ended;
static pthread_key_t key;
static __thread int local = 3;

static void clean(void *unused) {
    (void)unused;
    cleaned++;
}

static void destroyed(void *unused) {
    (void)unused;
    ended++;
}

static void *waits(void *unused) {
    pthread_cleanup_push(clean, NULL);
    pthread_setspecific(key, &cleaned);
    for (;;) pause();
    pthread_cleanup_pop(0);
    return unused;
}

static void *looks(void *unused) {
    (void)unused;
    return (void *)(long)local++;
}

int main(void) {
    pthread_t thread;
    void *result;
    pthread_key_create(&key, destroyed);
    pthread_create(&thread, NULL, waits, NULL);
    usleep(20000);
    SHOW("cancel", "%d", pthread_cancel(thread));
    pthread_join(thread, &result);
    SHOW("cancelled", "%d %d %d", result == PTHREAD_CANCELED, cleaned, ended);
    local = 5;
    pthread_create(&thread, NULL, looks, NULL);
    pthread_join(thread, &result);
    SHOW("local", "%ld %d", (long)result, local);
    char name[16];
    SHOW("name", "%d", pthread_setname_np(pthread_self(), "a thread"));
    pthread_getname_np(pthread_self(), name, sizeof name);
    SHOW("name", "%s", name);
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, 1 << 20);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    SHOW("detached", "%d", pthread_create(&thread, &attributes, looks, NULL));
    usleep(20000);
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(0, &set);
    CALL(sched_setaffinity(0, sizeof set, &set));
    CHECK(sched_getaffinity(0, sizeof set, &set) == 0 && CPU_COUNT(&set) == 1);
    SHOW("on", "%d", sched_getcpu());
    CPU_ZERO(&set);
    CALL(sched_setaffinity(0, sizeof set, &set));
    CALL(sched_yield());
    CALL(sched_getscheduler(0));
    CALL(sched_get_priority_max(SCHED_FIFO));
    CALL(sched_get_priority_min(SCHED_OTHER));
    END();
}
