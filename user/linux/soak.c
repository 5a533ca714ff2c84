/* A mixed load for a long time, and what is left of it at the end.
 * usage: soak SEED SECONDS WORKERS MEMORY_MIB
 *
 * Workers fork, execute programs of every ABI, talk through pipes and sockets, make and remove
 * files, send signals, run threads, fill memory and are killed in the middle of it; which does what
 * is decided by the seed. A short load first fills what the system keeps for reuse; what is measured
 * then and at the end has to be the same: processes, threads, handles, and memory up to SLACK. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* KiB that may be gone at the end: caches that fill slowly. */
#define SLACK 1024
/* Seconds of load before the first measurement. */
#define WARM 10
#define TOP "/tmp/soak"

static uint64_t state;
static long share_kib;
enum { FORK, EXECUTE, PIPE, FILES, SIGNALS, THREADS, MEMORY, SOCKET, EVENTS, KILL, KINDS };
static const char *const names[KINDS] = { "fork", "exec", "pipe", "files", "signals", "threads", "memory", "socket", "events", "kill" };
static volatile uint64_t *done; /* shared by all workers: how often each kind ended well */

static uint64_t next(void) {
    state ^= state << 13; state ^= state >> 7; state ^= state << 17;
    return state;
}

static double seconds(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec + time.tv_nsec / 1e9;
}

static void silence(void) {
    int null = open("/dev/null", O_RDWR);
    for (int i = 0; i < 3; i++) dup2(null, i);
    if (null > 2) close(null);
}

static void wait_for(pid_t child) {
    while (waitpid(child, NULL, 0) == -1 && errno == EINTR) {}
}

static int forks(void) {
    pid_t children[4];
    int count = 1 + next() % 4;
    for (int i = 0; i < count; i++)
        if ((children[i] = fork()) == 0) _exit(i);
    for (int i = 0; i < count; i++) if (children[i] > 0) wait_for(children[i]);
    return 1;
}

static int execute(void) {
    static const char *const programs[] = {
        "/bin/true", "/bin/cat", "/scarlet/system/scarlet/bin/echo", "/scarlet/system/xv6-riscv64/echo", "/not/there",
    };
    const char *program = programs[next() % 5];
    pid_t child = fork();
    if (child == 0) {
        silence();
        execl(program, "program", (char *)0);
        _exit(127);
    }
    if (child > 0) wait_for(child);
    return child > 0;
}

/* A child writes bytes that say where they are; the parent looks. */
static int stream(int ends[2]) {
    char block[3000];
    long total = 1000 + next() % 100000, seen = 0, good = 1;
    pid_t child = fork();
    if (child == 0) {
        close(ends[0]);
        for (long at = 0; at < total;) {
            long length = 1 + next() % sizeof block;
            if (length > total - at) length = total - at;
            for (long i = 0; i < length; i++) block[i] = (char)((at + i) * 7);
            ssize_t written = write(ends[1], block, length);
            if (written <= 0) _exit(1);
            at += written;
        }
        _exit(0);
    }
    close(ends[1]);
    for (ssize_t length; child > 0 && (length = read(ends[0], block, 1 + next() % sizeof block)) > 0; seen += length)
        for (ssize_t i = 0; i < length; i++) good &= block[i] == (char)((seen + i) * 7);
    close(ends[0]);
    if (child > 0) wait_for(child);
    return good && (child < 0 || seen == total) ? 1 : -1;
}

static int pipes(void) {
    int ends[2];
    return pipe(ends) == -1 ? 0 : stream(ends);
}

static int sockets(void) {
    int pair[2];
    return socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == -1 ? 0 : stream(pair);
}

static int files(void) {
    char name[64], other[80], block[5000];
    int good = 1;
    sprintf(name, TOP "/%d-%d", getpid(), (int)(next() % 8));
    sprintf(other, "%s.moved", name);
    memset(block, (int)next(), sizeof block);
    int file = open(name, O_RDWR | O_CREAT | O_TRUNC, 0644);
    if (file == -1) return 0;
    long length = 1 + next() % sizeof block;
    if (write(file, block, length) == length) {
        char *mapped = mmap(NULL, length, PROT_READ, MAP_SHARED, file, 0);
        if (mapped != MAP_FAILED) { good = memcmp(mapped, block, length) == 0; munmap(mapped, length); }
    }
    if (rename(name, other) == 0 && next() % 2) { if (ftruncate(file, 10) == 0) good &= lseek(file, 0, SEEK_END) == 10; }
    unlink(other);
    close(file);
    return good ? 1 : -1;
}

static volatile sig_atomic_t caught;
static void handler(int number) { (void)number; caught++; }

static int signals(void) {
    struct sigaction action = { .sa_handler = handler, .sa_flags = SA_RESTART }, old;
    sigaction(SIGUSR1, &action, &old);
    caught = 0;
    pid_t child = fork();
    if (child == 0) {
        for (int i = 0; i < 20; i++) kill(getppid(), SIGUSR1);
        _exit(0);
    }
    if (child > 0) wait_for(child);
    sigaction(SIGUSR1, &old, NULL);
    return child < 0 || caught > 0 ? 1 : -1;
}

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static long counter;
static void *count(void *rounds) {
    for (long i = 0; i < (long)rounds; i++) { pthread_mutex_lock(&mutex); counter++; pthread_mutex_unlock(&mutex); }
    return NULL;
}

static int threads(void) {
    pthread_t thread[4];
    long rounds = 100 + next() % 1000, started = 0;
    counter = 0;
    for (int i = 0; i < 4; i++) if (pthread_create(&thread[started], NULL, count, (void *)rounds) == 0) started++;
    for (int i = 0; i < started; i++) pthread_join(thread[i], NULL);
    return counter == started * rounds ? 1 : -1;
}

static int memory(void) {
    long length = (1 + next() % share_kib) << 10;
    char *area = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (area == MAP_FAILED) return 0;
    for (long i = 0; i < length; i += 4096) area[i] = (char)(i >> 12);
    pid_t child = fork();
    if (child == 0) {
        for (long i = 0; i < length; i += 4096 * 3) area[i] = 0;
        _exit(0);
    }
    if (child > 0) wait_for(child);
    int good = 1;
    for (long i = 0; i < length; i += 4096) good &= area[i] == (char)(i >> 12);
    munmap(area, length);
    return good ? 1 : -1;
}

static int events(void) {
    int set = epoll_create1(0), event = eventfd(0, 0);
    struct epoll_event wanted = { EPOLLIN, { .fd = event } }, found;
    if (set == -1 || event == -1) { close(set); close(event); return 0; }
    epoll_ctl(set, EPOLL_CTL_ADD, event, &wanted);
    pid_t child = fork();
    if (child == 0) { uint64_t one = 1; _exit(write(event, &one, 8) != 8); }
    int good = child < 0 || (epoll_wait(set, &found, 1, 60000) == 1 && found.data.fd == event);
    if (child > 0) wait_for(child);
    close(set); close(event);
    return good ? 1 : -1;
}

static int work(int kind);

/* A child that works at random, killed at a moment of its own, with all of its own children. */
static int kills(void) {
    pid_t child = fork();
    if (child == 0) {
        setpgid(0, 0);
        state ^= (uint64_t)getpid() << 32 | 1;
        for (;;) work(next() % KILL);
    }
    if (child < 0) return 0;
    setpgid(child, child);
    usleep(next() % 50000);
    kill(-child, next() % 4 ? SIGKILL : SIGTERM);
    kill(child, SIGKILL);
    wait_for(child);
    return 1;
}

static int work(int kind) {
    static int (*const kinds[KINDS])(void) = { forks, execute, pipes, files, signals, threads, memory, sockets, events, kills };
    return kinds[kind]();
}

static void worker(uint64_t seed, double until) {
    state = seed * 0x9E3779B97F4A7C15ull | 1;
    for (int i = 0; i < 10; i++) next();
    while (seconds() < until) {
        int kind = next() % KINDS;
        int result = work(kind);
        if (result < 0) { printf("WRONG: %s, seed %llu\n", names[kind], (unsigned long long)seed); fflush(stdout); _exit(1); }
        if (result > 0) __atomic_fetch_add(&done[kind], 1, __ATOMIC_RELAXED);
    }
    _exit(0);
}

/* All workers once; how many ended badly. A worker that is stuck is named. */
static int load(uint64_t seed, int workers, double length) {
    double until = seconds() + length;
    int bad = 0;
    for (int i = 0; i < workers; i++) {
        fflush(stdout);
        if (fork() == 0) worker(seed * 1000 + i, until);
    }
    double shown = seconds();
    for (int left = workers; left > 0;) {
        int status;
        if (waitpid(-1, &status, WNOHANG) > 0) {
            left--;
            if (status != 0) { printf("BAD: a worker's status is %#x\n", status); bad++; }
            continue;
        }
        if (seconds() > until + 180) { printf("STUCK: %d workers\n", left); return bad + left; }
        if (seconds() > shown + 60) { shown = seconds(); printf("%.0f s left\n", until - shown); fflush(stdout); }
        usleep(100000);
    }
    return bad;
}

struct found { long free_kib, processes, threads, handles; };

static struct found look(void) {
    struct found found = { 0 };
    char line[200];
    FILE *file = fopen("/proc/meminfo", "r");
    while (file && fgets(line, sizeof line, file)) sscanf(line, "MemFree: %ld", &found.free_kib);
    if (file) fclose(file);
    file = fopen("/proc/scarlet/scheduler", "r");
    while (file && fgets(line, sizeof line, file)) sscanf(line, "threads alive %ld", &found.threads);
    if (file) fclose(file);
    struct dirent *entry;
    DIR *folder = opendir("/proc");
    while (folder && (entry = readdir(folder))) found.processes += atoi(entry->d_name) > 0;
    if (folder) closedir(folder);
    folder = opendir("/proc/self/fd");
    while (folder && (entry = readdir(folder))) found.handles++;
    if (folder) closedir(folder);
    return found;
}

static struct found show(const char *when) {
    /* Those who were killed with their parents are collected by the first process meanwhile. */
    sleep(2);
    /* Names that are remembered fill up slowly, to a limit; they are not lost. */
    FILE *caches = fopen("/proc/sys/vm/drop_caches", "w");
    if (caches) { fputs("3\n", caches); fclose(caches); }
    struct found found = look();
    printf("%s: %ld KiB free, %ld processes, %ld threads, %ld handles\n", when, found.free_kib, found.processes,
           found.threads, found.handles);
    fflush(stdout);
    return found;
}

int main(int argc, char **argv) {
    if (argc != 5) { fprintf(stderr, "usage: soak SEED SECONDS WORKERS MEMORY_MIB\n"); return 2; }
    uint64_t seed = strtoull(argv[1], 0, 0);
    int workers = atoi(argv[3]), bad = 0;
    share_kib = atol(argv[4]) * 1024 / 4 / workers;
    mkdir(TOP, 0755);
    done = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    bad += load(seed + 1, workers, WARM);
    struct found before = show("before");
    bad += load(seed, workers, atof(argv[2]));
    int removed = system("rm -rf " TOP "/*");
    if (removed != 0) { printf("BAD: rm's status is %#x\n", removed); bad++; }
    struct found after = show("after");
    for (int kind = 0; kind < KINDS; kind++) printf("%s %llu%s", names[kind], (unsigned long long)done[kind], kind < KINDS - 1 ? ", " : "\n");
    if (before.free_kib - after.free_kib > SLACK) { printf("LOST: %ld KiB of memory\n", before.free_kib - after.free_kib); bad++; }
    if (after.processes != before.processes) { printf("LOST: processes\n"); bad++; }
    if (after.threads != before.threads) { printf("LOST: threads\n"); bad++; }
    if (after.handles != before.handles) { printf("LOST: handles\n"); bad++; }
    return bad ? 1 : 0;
}
