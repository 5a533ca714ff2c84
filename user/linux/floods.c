/* A program that makes one kind of thing until the kernel has no room for more.
 * usage: floods [KIND...]
 *
 * Each flood runs in a child of its own. Whatever it makes costs the kernel memory; the only right
 * answer, sooner or later, is an error; or its end, if it happens to touch a page of its own when there
 * is none left. When the child is gone, the memory has to be free again. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define TOP "/tmp/floods"
/* KiB that may be missing afterwards: pages of the kernel's heap that are partly used, names that are
 * remembered, kernel stacks that wait for the next threads. A second flood takes no more of these. */
#define SLACK 4096

static char path[64];
static char *name(long number) { sprintf(path, TOP "/%ld", number); return path; }

static int made_file(long number) {
    int file = open(name(number), O_CREAT | O_WRONLY, 0600);
    return file >= 0 && close(file) == 0;
}
static int made_link(long number) { return number == 0 ? made_file(0) : link(TOP "/0", name(number)) == 0; }
static int made_symlink(long number) {
    static char target[4000];
    memset(target, 'x', sizeof target - 1);
    return symlink(target, name(number)) == 0;
}
static int made_directory(long number) { return mkdir(name(number), 0700) == 0; }
static int made_event(long number) { (void)number; return eventfd(0, 0) >= 0; }
static int made_epoll(long number) { (void)number; return epoll_create1(0) >= 0; }
static int made_memory_file(long number) { (void)number; return memfd_create("flood", 0) >= 0; }
static int made_socket(long number) { int ends[2]; (void)number; return socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0; }
static int made_pipe(long number) { int ends[2]; (void)number; return pipe(ends) == 0; }
static int made_written_pipe(long number) {
    int ends[2];
    (void)number;
    return pipe2(ends, O_NONBLOCK) == 0 && write(ends[1], "x", 1) == 1;
}
static int made_messages(long number) {
    int ends[2];
    (void)number;
    if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, ends) != 0) return 0;
    while (send(ends[0], "x", 1, 0) == 1) {}
    return errno == EAGAIN;
}
static int made_watch(long number) {
    static int events[1000], set;
    if (number == 0)
        for (int i = 0; i < 1000; i++) events[i] = eventfd(0, 0);
    if (number % 1000 == 0 && (set = epoll_create1(0)) < 0) return 0;
    struct epoll_event event = { .events = EPOLLIN };
    return epoll_ctl(set, EPOLL_CTL_ADD, events[number % 1000], &event) == 0;
}
static int made_terminal(long number) { (void)number; return open("/dev/ptmx", O_RDWR | O_NOCTTY) >= 0; }
static int made_timer(long number) { timer_t timer; (void)number; return timer_create(CLOCK_MONOTONIC, NULL, &timer) == 0; }
static int made_signal(long number) {
    sigset_t all;
    (void)number;
    sigfillset(&all);
    sigprocmask(SIG_BLOCK, &all, NULL);
    return sigqueue(getpid(), SIGRTMIN + 1, (union sigval){ .sival_int = 1 }) == 0;
}
static int made_area(long number) {
    /* Every other page with other rights: an area each. When this process has its fill, a child goes on. */
    static char *start;
    if (number == 0) {
        start = mmap(NULL, 400 << 20, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (start == MAP_FAILED) return 0;
    }
    return mprotect(start + number * 8192, 4096, PROT_READ) == 0;
}
static int made_process(long number) {
    (void)number;
    pid_t child = fork();
    if (child == 0) for (;;) pause();
    return child > 0;
}

static const struct { const char *name; int (*made)(long); } kinds[] = {
    { "files", made_file }, { "links", made_link }, { "symlinks", made_symlink },
    { "directories", made_directory }, { "events", made_event }, { "epolls", made_epoll },
    { "memory files", made_memory_file }, { "sockets", made_socket }, { "pipes", made_pipe },
    { "written pipes", made_written_pipe }, { "messages", made_messages }, { "watches", made_watch },
    { "terminals", made_terminal }, { "timers", made_timer }, { "signals", made_signal },
    { "areas", made_area }, { "processes", made_process },
};

static long free_kib(void) {
    char line[128];
    long found = -1;
    FILE *info = fopen("/proc/meminfo", "r");
    while (info && fgets(line, sizeof line, info))
        if (sscanf(line, "MemFree: %ld", &found) == 1) break;
    if (info) fclose(info);
    return found;
}

static int refused(int error) {
    return error == ENOMEM || error == ENOSPC || error == EMFILE || error == ENFILE || error == EAGAIN;
}

/* The children of the flood go with its group; it leads one. */
static void flood(int (*made)(long)) {
    setpgid(0, 0);
    struct rlimit many = { 1 << 20, 1 << 20 };
    setrlimit(RLIMIT_NOFILE, &many);
    long number = 0;
    while (number < 4000000 && made(number)) number++;
    _exit(number > 0 && refused(errno) ? 0 : 1);
}

static void clear(void) {
    if (fork() == 0) {
        execlp("rm", "rm", "-rf", TOP, NULL);
        _exit(127);
    }
    wait(NULL);
}

int main(int count, char **words) {
    int bad = 0;
    for (size_t kind = 0; kind < sizeof kinds / sizeof *kinds; kind++) {
        int wanted = count < 2;
        for (int word = 1; word < count; word++) wanted |= !strcmp(words[word], kinds[kind].name);
        if (!wanted) continue;
        mkdir(TOP, 0700);
        long before = free_kib();
        pid_t child = fork();
        if (child == 0) flood(kinds[kind].made);
        int status = 0;
        waitpid(child, &status, 0);
        kill(-child, SIGKILL);
        clear();
        /* Those of the group that were not ours to wait for take a moment to go. */
        long after = free_kib();
        for (int tries = 0; tries < 100 && after < before - SLACK; tries++) {
            usleep(50000);
            after = free_kib();
        }
        int ended_well = WIFEXITED(status) && WEXITSTATUS(status) == 0;
        int killed = WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
        int returned = after >= before - SLACK;
        bad |= !(ended_well || killed) || !returned;
        printf("%s: %s", kinds[kind].name, ended_well || killed ? "refused" : "WRONG");
        if (!returned) printf(", %ld KiB MISSING", before - after);
        printf("\n");
        fflush(stdout);
    }
    return bad;
}
