/* A load of writes for a machine whose power is cut in the midst of it, and what has to be there then.
 * usage: power SEED ROUND WORKERS DIRECTORY
 *
 * Workers change files in DIRECTORY/ROUND, each in a directory of its own, until the machine ends.
 * What has been stored for good is said on the console, one line each, once fsync, fdatasync, sync,
 * msync or a write with O_SYNC has returned; what is about to be destroyed is said before. Whoever
 * watches knows with that what every file has to hold (host/cli/src/kills.rs). Between these,
 * files come and go of which nothing is said. The directory of the last round but one is removed.
 *
 *   @ round N                     the load begins
 *   @ forget N                    the directory of that round goes
 *   @ file PATH LENGTH HASH       exactly this
 *   @ log PATH LENGTH HASH        this, and perhaps more behind it
 *   @ version PATH N              whole as its first line says, of this version or a later one
 *   @ words PATH LENGTH N         words that are all at least N
 *   @ leaves PATH                 as it was, or gone
 *   @ unsure PATH                 anything
 *   @ gone PATH                   not there
 *   @ error TEXT                  a call failed
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#define BASIS 0xcbf29ce484222325u
#define MAPPED (10 * 4096)
#define LARGEST (400 * 1024)

static uint64_t state;
static pthread_mutex_t *console; /* shared by all workers: lines stay whole */
static char place[64];           /* ROUND/WORKER */
static unsigned char block[LARGEST];

static uint64_t next(void) {
    state ^= state << 13; state ^= state >> 7; state ^= state << 17;
    return state;
}

static uint64_t hash(uint64_t value, const unsigned char *bytes, size_t length) {
    for (size_t at = 0; at < length; at++) value = (value ^ bytes[at]) * 0x100000001b3u;
    return value;
}

/* Says a line, and returns when it has left the machine. */
static void say(const char *format, ...) {
    char line[256];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    pthread_mutex_lock(console);
    if (write(1, line, length) == length) tcdrain(1);
    pthread_mutex_unlock(console);
}

static int failed(const char *what, const char *name) {
    say("@ error %s %s/%s: %s\n", what, place, name, strerror(errno));
    return -1;
}

static void store_directory(const char *name) {
    int directory = open(name, O_RDONLY | O_DIRECTORY);
    if (directory == -1 || fsync(directory) == -1) failed("fsync of directory", name);
    if (directory != -1) close(directory);
}

/* Stores a file by one of the ways that there are. */
static void store(int file, const char *name) {
    switch (next() % 4) {
    case 0: if (fdatasync(file) == -1) failed("fdatasync", name); break;
    case 1: sync(); break;
    default: if (fsync(file) == -1) failed("fsync", name); break;
    }
}

static size_t any_length(void) {
    switch (next() % 8) {
    case 0: return next() % LARGEST;
    case 1: return next() % 100;
    default: return next() % 20000;
    }
}

static void fill(size_t length) {
    uint64_t word = next();
    for (size_t at = 0; at < length; at++) {
        block[at] = (unsigned char)(word >> 56);
        word = word * 6364136223846793005u + 1442695040888963407u;
    }
}

static int put(int file, const char *name, size_t length) {
    for (size_t at = 0; at < length;) {
        size_t part = 1 + next() % 30000;
        if (part > length - at) part = length - at;
        if (write(file, block + at, part) != (ssize_t)part) return failed("write", name);
        at += part;
    }
    return 0;
}

/* Grows by what is stored each time; a new file when it is large. */
static void append(void) {
    static int number, file = -1;
    static uint64_t length, value;
    static char name[32];
    if (file == -1 || length > 1 << 20) {
        if (file != -1) close(file);
        sprintf(name, "log.%d", number++);
        file = open(name, O_WRONLY | O_CREAT | O_APPEND | (next() % 4 ? 0 : O_SYNC), 0644);
        if (file == -1) { failed("open", name); return; }
        store_directory(".");
        length = 0;
        value = BASIS;
    }
    size_t more = 1 + next() % 9000;
    fill(more);
    if (put(file, name, more) == -1) return;
    length += more;
    value = hash(value, block, more);
    if (!(fcntl(file, F_GETFL) & O_SYNC)) store(file, name);
    say("@ log %s/%s %llu %016llx\n", place, name, (unsigned long long)length, (unsigned long long)value);
}

/* A new version takes the place of the old one at once. */
static void replace(void) {
    static int version;
    char name[32], fresh[40], head[64];
    sprintf(name, "data.%d", (int)(next() % 3));
    sprintf(fresh, "%s.new", name);
    size_t length = any_length();
    fill(length);
    int file = open(fresh, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (file == -1) { failed("open", fresh); return; }
    int size = sprintf(head, "%d %zu %016llx\n", ++version, length, (unsigned long long)hash(BASIS, block, length));
    if (write(file, head, size) != size || put(file, fresh, length) == -1) { failed("write", fresh); close(file); return; }
    store(file, fresh);
    close(file);
    if (rename(fresh, name) == -1) { failed("rename", name); return; }
    store_directory(".");
    say("@ version %s/%s %d\n", place, name, version);
}

/* Written through a mapping, in place. */
static void map(void) {
    static uint64_t *words, version;
    static int file = -1;
    if (file == -1) {
        file = open("mapped", O_RDWR | O_CREAT, 0644);
        if (file == -1 || ftruncate(file, MAPPED) == -1) { failed("open", "mapped"); return; }
        words = mmap(NULL, MAPPED, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
        if (words == MAP_FAILED) { failed("mmap", "mapped"); _exit(1); }
        store_directory(".");
    }
    version++;
    for (size_t at = 0; at < MAPPED / sizeof *words; at++) words[at] = version;
    if ((next() % 2 ? msync(words, MAPPED, MS_SYNC) : fsync(file)) == -1) failed("msync", "mapped");
    say("@ words %s/mapped %d %llu\n", place, MAPPED, (unsigned long long)version);
}

/* Made, and at some time taken away. */
static void come_and_go(void) {
    static char there[6];
    int which = next() % 6;
    char name[32];
    sprintf(name, "brief.%d", which);
    if (there[which]) {
        say("@ leaves %s/%s\n", place, name);
        if (unlink(name) == -1) { failed("unlink", name); return; }
        store_directory(".");
        there[which] = 0;
        say("@ gone %s/%s\n", place, name);
        return;
    }
    say("@ unsure %s/%s\n", place, name);
    size_t length = any_length();
    fill(length);
    int file = open(name, O_WRONLY | O_CREAT | O_EXCL, 0644);
    if (file == -1) { failed("open", name); return; }
    if (put(file, name, length) == 0) {
        store(file, name);
        store_directory(".");
        there[which] = 1;
        say("@ file %s/%s %zu %016llx\n", place, name, length, (unsigned long long)hash(BASIS, block, length));
    }
    close(file);
}

/* A directory, one in it, and a file in that. */
static void plant(void) {
    static int number;
    char name[64];
    int outer = number / 8;
    sprintf(name, "tree.%d", outer);
    if (mkdir(name, 0755) == -1 && errno != EEXIST) { failed("mkdir", name); return; }
    store_directory(".");
    sprintf(name, "tree.%d/inner.%d", outer, number);
    if (mkdir(name, 0755) == -1) { failed("mkdir", name); return; }
    char above[64];
    sprintf(above, "tree.%d", outer);
    store_directory(above);
    strcpy(above, name);
    sprintf(name, "tree.%d/inner.%d/file", outer, number++);
    size_t length = any_length() / 4;
    fill(length);
    int file = open(name, O_WRONLY | O_CREAT, 0644);
    if (file == -1) { failed("open", name); return; }
    if (put(file, name, length) == 0) {
        store(file, name);
        store_directory(above);
        say("@ file %s/%s %zu %016llx\n", place, name, length, (unsigned long long)hash(BASIS, block, length));
    }
    close(file);
}

/* What nobody promises anything about: names, links, holes, files without a name. */
static void stir(void) {
    char name[32], other[32];
    sprintf(name, "noise.%d", (int)(next() % 10));
    sprintf(other, "noise.%d", (int)(next() % 10));
    switch (next() % 8) {
    case 0: link(name, other); break;
    case 1: rename(name, other); break;
    case 2: unlink(name); break;
    case 3: rmdir(name); break;
    case 4: mkdir(name, 0755); break;
    case 5: symlink(other, name); break;
    case 6: truncate(name, next() % LARGEST); break;
    default: {
        int file = open(name, O_WRONLY | O_CREAT, 0644);
        if (file == -1) break;
        size_t length = any_length();
        lseek(file, next() % LARGEST, SEEK_SET);
        fill(length);
        put(file, name, length);
        if (next() % 2) unlink(name);
        /* Some stay open, without a name, until the next one takes their place. */
        static int kept = -1;
        if (next() % 2) { if (kept != -1) close(kept); kept = file; } else close(file);
    }
    }
}

static void work(void) {
    for (;;) {
        switch (next() % 12) {
        case 0: case 1: case 2: append(); break;
        case 3: case 4: replace(); break;
        case 5: map(); break;
        case 6: case 7: come_and_go(); break;
        case 8: plant(); break;
        default: stir(); break;
        }
    }
}

static void remove_tree(const char *name) {
    char command[128];
    snprintf(command, sizeof command, "/bin/busybox rm -rf %s", name);
    if (system(command) != 0) say("@ error %s failed\n", command);
}

int main(int count, char **arguments) {
    if (count != 5) return 2;
    uint64_t seed = strtoull(arguments[1], NULL, 0);
    int round = atoi(arguments[2]), workers = atoi(arguments[3]);
    console = mmap(NULL, sizeof *console, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    pthread_mutexattr_t shared;
    pthread_mutexattr_init(&shared);
    pthread_mutexattr_setpshared(&shared, PTHREAD_PROCESS_SHARED);
    pthread_mutex_init(console, &shared);
    mkdir(arguments[4], 0755);
    if (chdir(arguments[4]) == -1) { say("@ error %s: %s\n", arguments[4], strerror(errno)); return 1; }
    sync();
    say("@ round %d\n", round);
    char old[32], own[32];
    sprintf(own, "%d", round);
    if (mkdir(own, 0755) == -1) { say("@ error mkdir %s: %s\n", own, strerror(errno)); return 1; }
    for (int worker = 0; worker < workers; worker++) {
        if (fork() != 0) continue;
        state = (seed + 1) * 0x9e3779b97f4a7c15u ^ (uint64_t)(worker + 1) << 32 ^ (uint64_t)round;
        for (int i = 0; i < 8; i++) next();
        snprintf(place, sizeof place, "%d/%d", round, worker);
        if (mkdir(place, 0755) == -1 || chdir(place) == -1) { failed("mkdir", ""); _exit(1); }
        store_directory("../..");
        store_directory("..");
        work();
    }
    if (round >= 2) {
        sprintf(old, "%d", round - 2);
        say("@ forget %d\n", round - 2);
        remove_tree(old);
    }
    while (wait(NULL) > 0 || errno == EINTR) {}
    say("@ error the workers have ended\n");
    return 1;
}
