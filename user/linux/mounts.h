/* What the programs about mounts use: a playground of their own, and mountinfo in a form that compares. */
#ifndef MOUNTS_H
#define MOUNTS_H
#include "check.h"
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#ifndef MS_NOSYMFOLLOW
#define MS_NOSYMFOLLOW 256
#endif

static char base[PATH_MAX];

/* Numbers of peer groups are the kernel's business: they are shown as letters, in the order of their first appearance. */
static int groups[64], groups_known;

static char letter(int group) {
    for (int i = 0; i < groups_known; i++)
        if (groups[i] == group) return 'A' + i;
    groups[groups_known] = group;
    return 'A' + groups_known++;
}

static int by_text(const void *a, const void *b) { return strcmp(*(char **)a, *(char **)b); }

/* Prints the mounts below the playground as `file` (a mountinfo) lists them, sorted by their places. */
static void show_mounts_of(const char *what, const char *file) {
    FILE *list = fopen(file, "r");
    static char line[8192];
    char *lines[256];
    int count = 0;
    if (!list) { printf("%s: no mountinfo\n", what); return; }
    while (fgets(line, sizeof line, list) && count < 256) {
        char root[PATH_MAX], place[PATH_MAX], options[512], out[16384], *rest;
        int used = 0;
        if (sscanf(line, "%*d %*d %*s %4095s %4095s %511s%n", root, place, options, &used) != 3) continue;
        size_t length = strlen(base);
        if (strncmp(place, base, length) || (place[length] && place[length] != '/')) continue;
        int n = sprintf(out, "  .%s %s %s", place + length, root, options);
        char *kind = strstr(line + used, " - ");
        for (rest = strtok(line + used, " "); rest && rest < kind && strcmp(rest, "-"); rest = strtok(NULL, " ")) {
            char *colon = strchr(rest, ':');
            if (colon) n += sprintf(out + n, " %.*s:%c", (int)(colon - rest), rest, letter(atoi(colon + 1)));
            else n += sprintf(out + n, " %s", rest);
        }
        char type[64], source[256], super[512];
        if (kind && sscanf(kind + 3, "%63s %255s %511s", type, source, super) == 3)
            n += sprintf(out + n, " - %s %s %.2s", type, source, super);
        lines[count++] = strdup(out);
    }
    fclose(list);
    qsort(lines, count, sizeof *lines, by_text);
    printf("%s: %d\n", what, count);
    for (int i = 0; i < count; i++) {
        puts(lines[i]);
        free(lines[i]);
    }
    fflush(stdout);
}

static void show_mounts(const char *what) { show_mounts_of(what, "/proc/self/mountinfo"); }

/* A fresh, private playground in mounts of our own. */
static void playground(void) {
    if (unshare(CLONE_NEWNS)) perror("unshare");
    /* Whatever the kernel started with, nothing here reaches others; `/` may be no mount point of this process. */
    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL);
    if (mkdir("play", 0755) && errno != EEXIST) perror("mkdir");
    if (mount("play", "play", "tmpfs", 0, NULL)) perror("mount");
    if (mount(NULL, "play", NULL, MS_PRIVATE, NULL)) perror("private");
    if (chdir("play")) perror("chdir");
    if (!getcwd(base, sizeof base)) perror("getcwd");
}

/* Takes everything away and begins anew. */
static void clean(void) {
    if (chdir("/") || umount2(base, MNT_DETACH)) perror("clean");
    if (mount("play", base, "tmpfs", 0, NULL)) perror("mount");
    if (mount(NULL, base, NULL, MS_PRIVATE, NULL)) perror("private");
    if (chdir(base)) perror("chdir");
    groups_known = 0;
}

static void dirs(const char *names) {
    char copy[512];
    strcpy(copy, names);
    for (char *name = strtok(copy, " "); name; name = strtok(NULL, " "))
        if (mkdir(name, 0755)) perror(name);
}

static int tmpfs(const char *place) { return mount(place, place, "tmpfs", 0, NULL); }
static int bind(const char *from, const char *to) { return mount(from, to, NULL, MS_BIND, NULL); }
static int rbind(const char *from, const char *to) { return mount(from, to, NULL, MS_BIND | MS_REC, NULL); }
static int move(const char *from, const char *to) { return mount(from, to, NULL, MS_MOVE, NULL); }
static int make(const char *place, unsigned long how) { return mount(NULL, place, NULL, how, NULL); }

/* A second process in a copy of these mounts, which does one thing at a time. */
struct other { pid_t pid; int go, done; };

static struct other begin_other(void) {
    int go[2], done[2];
    char byte;
    if (pipe(go) || pipe(done)) perror("pipe");
    fflush(stdout);
    struct other other = { fork(), go[1], done[0] };
    if (other.pid == 0) {
        close(go[1]);
        close(done[0]);
        if (unshare(CLONE_NEWNS)) perror("unshare");
        if (write(done[1], "x", 1) != 1) _exit(1);
        if (read(go[0], &byte, 1) < 0) _exit(1);
        _exit(0);
    }
    close(go[0]);
    close(done[1]);
    if (read(other.done, &byte, 1) != 1) perror("other");
    return other;
}

static void show_other(const char *what, struct other *other) {
    char file[64];
    sprintf(file, "/proc/%d/mountinfo", (int)other->pid);
    show_mounts_of(what, file);
}

static void end_other(struct other *other) {
    int status;
    close(other->go);
    close(other->done);
    waitpid(other->pid, &status, 0);
}
#endif
