/* Many processes change trees at once.
 *
 * fstree DIR SEED OPERATIONS PROCESSES: each process has a tree of its own, in which the seed decides all that it
 * does, and all of them share one in which they race for a few names. At the end every own tree is listed and summed
 * up (the same on every kernel), the shared one is examined: names, kinds and numbers of links have to agree; then
 * everything is removed.
 *
 * Without arguments: a short run in the current directory. */
#include "check.h"
#include <dirent.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/wait.h>

enum { NAMES = 7, DEPTH = 4, FILES = 4096 };

static uint64_t state, sum;

static uint64_t number(void) {
    uint64_t z = state += 0x9e3779b97f4a7c15;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
}

static long below(long limit) { return (long)(number() % (uint64_t)limit); }

static void add(const void *bytes, size_t count) {
    const unsigned char *at = bytes;
    while (count--) sum = (sum ^ *at++) * 1099511628211;
}

/* A path of up to DEPTH names below the working directory; most lead through directories that are there. */
static const char *name(char *into) {
    int depth = 1 + below(DEPTH);
    char *at = into;
    for (int i = 0; i < depth; i++) at += sprintf(at, "%s%c%ld", i ? "/" : "", i + 1 < depth ? 'd' : "dfl"[below(3)], below(NAMES));
    return into;
}

static void note(long result, int sums) {
    int error = result < 0 ? errno : 0;
    if (sums) add(&error, sizeof error);
}

/* One operation; with `sums`, its outcome counts. */
static void step(int sums) {
    char one[64], two[64], bytes[3000];
    struct stat status;
    int file;
    name(one);
    name(two);
    errno = 0;
    switch (below(20)) {
    case 0: case 1: case 2: note(mkdir(one, 0700 + below(64)), sums); break;
    case 3: note(rmdir(one), sums); break;
    case 4: case 5: case 6:
        note(file = open(one, O_WRONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK | (below(2) ? O_EXCL : below(2) ? O_TRUNC : 0), 0640), sums);
        if (file < 0) break;
        memset(bytes, 'a' + below(26), sizeof bytes);
        note(pwrite(file, bytes, 1 + below(sizeof bytes), below(9000)), sums);
        close(file);
        break;
    case 7: note(unlink(one), sums); break;
    case 8: case 9: note(link(one, two), sums); break;
    case 10: case 11: case 12: note(rename(one, two), sums); break;
    case 13: note(renameat2(AT_FDCWD, one, AT_FDCWD, two, 1 + below(2)), sums); break;
    case 14: note(symlink(two, one), sums); break;
    case 15: note(truncate(one, below(20000)), sums); break;
    case 16: note(chmod(one, below(01000)), sums); break;
    case 17: {
        DIR *directory = opendir(one);
        if (!directory) break;
        while (readdir(directory));
        closedir(directory);
        break;
    }
    case 18: note(mknod(one, S_IFIFO | 0600, 0), sums); break;
    default:
        note(lstat(one, &status), sums);
        if (sums && !errno) add(&status.st_mode, sizeof status.st_mode);
    }
}

static int by_name(const void *one, const void *two) { return strcmp(*(char *const *)one, *(char *const *)two); }

/* The names in a directory, sorted. */
static int names_in(const char *directory, char ***found) {
    DIR *open = opendir(directory);
    int count = 0;
    *found = 0;
    if (!open) return -1;
    for (struct dirent *entry; (entry = readdir(open));) {
        if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, "..")) continue;
        *found = realloc(*found, (count + 1) * sizeof **found);
        (*found)[count++] = strdup(entry->d_name);
    }
    closedir(open);
    qsort(*found, count, sizeof **found, by_name);
    return count;
}

static void sum_file(const char *path) {
    char bytes[4096];
    int file = open(path, O_RDONLY);
    for (long count; (count = read(file, bytes, sizeof bytes)) > 0;) add(bytes, count);
    close(file);
}

/* Numbers of links that were found, by inode. */
static struct { ino_t inode; long links, found; } files[FILES];
static int known, entries;

static void count_link(const char *path, const struct stat *status) {
    int at = 0;
    while (at < known && files[at].inode != status->st_ino) at++;
    if (at == known) {
        if (known == FILES) return;
        files[known].found = 0;
        files[known].inode = status->st_ino;
        files[known++].links = status->st_nlink;
    }
    if (files[at].links != (long)status->st_nlink) printf("%s: %ld links, then %ld\n", path, files[at].links, (long)status->st_nlink);
    files[at].found++;
}

/* Goes through a tree: adds it up, and looks whether it holds together. */
static void examine(const char *directory) {
    char **found;
    int count = names_in(directory, &found), below_here = 0;
    struct stat status, itself;
    if (count < 0 || lstat(directory, &itself)) { printf("%s: %s\n", directory, strerrorname_np(errno)); failures++; return; }
    for (int i = 0; i < count; i++) {
        char path[512], body[256];
        snprintf(path, sizeof path, "%s/%s", directory, found[i]);
        entries++;
        add(found[i], strlen(found[i]) + 1);
        if (i && !strcmp(found[i], found[i - 1])) { printf("%s is there twice\n", path); failures++; }
        if (lstat(path, &status)) { printf("%s is listed, but %s\n", path, strerrorname_np(errno)); failures++; continue; }
        long size = S_ISDIR(status.st_mode) ? 0 : status.st_size;
        add(&status.st_mode, sizeof status.st_mode);
        add(&size, sizeof size);
        if (S_ISDIR(status.st_mode)) {
            below_here++;
            chmod(path, 0700);
            examine(path);
        } else {
            count_link(path, &status);
            if (S_ISREG(status.st_mode)) { chmod(path, 0600); sum_file(path); }
            if (S_ISLNK(status.st_mode)) add(body, readlink(path, body, sizeof body));
        }
    }
    if ((long)itself.st_nlink != below_here + 2) {
        printf("%s: %ld links, %d directories in it\n", directory, (long)itself.st_nlink, below_here);
        failures++;
    }
    for (int i = 0; i < count; i++) free(found[i]);
    free(found);
}

static void check_links(const char *tree) {
    for (int i = 0; i < known; i++)
        if (files[i].links != files[i].found) {
            printf("%s: a file with %ld links has %ld names\n", tree, files[i].links, files[i].found);
            failures++;
        }
    known = 0;
}

static void remove_tree(const char *directory) {
    char **found, path[512];
    int count = names_in(directory, &found);
    for (int i = 0; i < count; i++) {
        snprintf(path, sizeof path, "%s/%s", directory, found[i]);
        if (unlink(path) && errno == EISDIR) remove_tree(path);
        free(found[i]);
    }
    free(found);
    if (rmdir(directory)) { printf("rmdir %s: %s\n", directory, strerrorname_np(errno)); failures++; }
}

static void work(const char *directory, uint64_t seed, int process, long operations) {
    char own[256], shared[256];
    snprintf(own, sizeof own, "%s/own.%d", directory, process);
    snprintf(shared, sizeof shared, "%s/shared", directory);
    umask(022);
    if (mkdir(own, 0755) || chdir(own)) { perror(own); _exit(1); }
    state = seed * 1000 + process;
    sum = 14695981039346656037u;
    uint64_t racing = ~state;
    for (long i = 0; i < operations; i++) {
        if (i % 2 == 0) { step(1); continue; }
        uint64_t kept = state;
        state = racing;
        if (chdir("../shared")) _exit(1);
        step(0);
        if (chdir(own)) _exit(1);
        racing = state;
        state = kept;
    }
    add(&state, sizeof state);
    char report[300];
    snprintf(report, sizeof report, "%s/sum.%d", directory, process);
    int file = open(report, O_WRONLY | O_CREAT, 0600);
    if (write(file, &sum, sizeof sum) != sizeof sum) _exit(1);
    _exit(0);
}

static void run(const char *directory, uint64_t seed, long operations, int processes) {
    char path[512], here[256];
    if (directory[0] != '/') {
        if (!getcwd(here, sizeof here)) return;
        snprintf(path, sizeof path, "%s/%s", here, directory);
        directory = strdup(path);
    }
    if (mkdir(directory, 0755)) { perror(directory); failures++; return; }
    snprintf(path, sizeof path, "%s/shared", directory);
    mkdir(path, 0755);
    for (int i = 0; i < processes; i++)
        if (fork() == 0) work(directory, seed, i, operations);
    for (int i = 0, status; i < processes; i++) {
        wait(&status);
        if (status) { printf("a process ended with %#x\n", status); failures++; }
    }
    for (int i = 0; i < processes; i++) {
        uint64_t outcomes = 0;
        snprintf(path, sizeof path, "%s/sum.%d", directory, i);
        int file = open(path, O_RDONLY);
        if (read(file, &outcomes, sizeof outcomes) != sizeof outcomes) failures++;
        close(file);
        unlink(path);
        snprintf(path, sizeof path, "%s/own.%d", directory, i);
        sum = 14695981039346656037u;
        entries = 0;
        examine(path);
        check_links(path);
        printf("process %d: outcomes %016lx, %d names, tree %016lx\n", i, (unsigned long)outcomes, entries, (unsigned long)sum);
    }
    snprintf(path, sizeof path, "%s/shared", directory);
    examine(path);
    check_links(path);
    remove_tree(directory);
    printf("seed %lu: %s\n", (unsigned long)seed, failures ? "FAILED" : "whole");
    fflush(stdout);
}

int main(int count, char **words) {
    if (count > 4) {
        run(words[1], strtoull(words[2], 0, 0), atol(words[3]), atoi(words[4]));
        return failures ? 1 : 0;
    }
    for (uint64_t seed = 1; seed <= 3; seed++) run("tree", seed, 2000, 4);
    return failures ? 1 : 0;
}
