/* Overlay: what programs see of copy-up, whiteouts and merged directories by calls that a shell has not. */
#include "check.h"
#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <sys/xattr.h>

static void put(const char *path, const char *bytes) {
    int file = open(path, O_CREAT | O_TRUNC | O_WRONLY, 0644);
    CHECK(file >= 0 && write(file, bytes, strlen(bytes)) == (long)strlen(bytes));
    close(file);
}

static void get(const char *path) {
    char bytes[64] = "";
    int file = open(path, O_RDONLY);
    if (file < 0 || read(file, bytes, 63) < 0) SHOW(path, "%s", strerrorname_np(errno));
    else SHOW(path, "\"%s\"", bytes);
    close(file);
}

static int by_name(const struct dirent **one, const struct dirent **other) {
    return strcmp((*one)->d_name, (*other)->d_name);
}

static void list(const char *path) {
    struct dirent **names;
    int count = scandir(path, &names, NULL, by_name);
    printf("%s:", path);
    for (int i = 0; i < count; i++) printf(" %s/%d", names[i]->d_name, names[i]->d_type);
    printf("\n");
    fflush(stdout);
}

static void attribute(const char *path, const char *name) {
    char value[64] = "";
    errno = 0;
    long length = lgetxattr(path, name, value, 63);
    printf("%s %s = %s\n", path, name, length < 0 ? strerrorname_np(errno) : value);
    fflush(stdout);
}

static void *appender(void *name) {
    for (int i = 0; i < 50; i++) {
        int file = open(name, O_WRONLY | O_APPEND);
        if (file < 0 || write(file, "x", 1) != 1) failures++;
        close(file);
    }
    return NULL;
}

int main(void) {
    umask(022);
    const char *made[] = { "l", "l/d", "l/e", "u", "w", "m", "l/big" };
    for (int i = 0; i < 7; i++) mkdir(made[i], 0755);
    put("l/f", "lower");
    put("l/d/a", "a");
    put("l/d/b", "b");
    put("l/g", "g");
    setxattr("l/f", "user.note", "kept", 4, 0);
    setxattr("l/f", "trusted.note", "kept", 4, 0);
    put("l/map", "first");
    for (int i = 0; i < 200; i++) {
        char path[32];
        snprintf(path, sizeof path, "l/big/%d", i);
        close(open(path, O_CREAT, 0644));
    }
    CALL(mount("o", "m", "overlay", 0, "lowerdir=l,upperdir=u,workdir=w"));
    struct statfs sizes;
    statfs("m", &sizes);
    SHOW("type", "%lx", (long)sizes.f_type);

    /* A mapping of the lower file stays what it was; reading by a descriptor follows. */
    int file = open("m/map", O_RDONLY);
    char *mapped = mmap(NULL, 4096, PROT_READ, MAP_SHARED, file, 0);
    char *private = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, file, 0);
    CHECK(memcmp(mapped, "first", 5) == 0);
    CHECK(memcmp(private, "first", 5) == 0);
    int writer = open("m/map", O_RDWR);
    char *shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, writer, 0);
    CALL(pwrite(writer, "other", 5, 0));
    char bytes[8] = "";
    CALL(pread(file, bytes, 5, 0));
    SHOW("read", "%s", bytes);
    SHOW("old mapping", "%.5s", mapped);
    SHOW("new mapping", "%.5s", shared);
    shared[0] = 'O';
    CALL(msync(shared, 4096, MS_SYNC));
    get("m/map");
    get("l/map");
    struct stat one, other;
    fstat(file, &one);
    stat("m/map", &other);
    CHECK(one.st_ino == other.st_ino && one.st_dev == other.st_dev);

    /* Attributes. */
    CALL(setxattr("m/f", "user.more", "1", 1, 0));
    attribute("m/f", "user.note");
    attribute("u/f", "trusted.note");
    attribute("m/f", "user.more");
    attribute("l/f", "user.more");
    CALL(removexattr("m/g", "user.none"));
    CHECK(access("u/g", F_OK) == -1);
    CALL(mkdir("m/new", 0755));
    attribute("u/new", "trusted.overlay.opaque");
    attribute("m/new", "trusted.overlay.opaque");
    CALL(unlink("m/d/a"));
    CALL(unlink("m/d/b"));
    CALL(rmdir("m/d"));
    CALL(mkdir("m/d", 0755));
    attribute("u/d", "trusted.overlay.opaque");
    attribute("m/d", "trusted.overlay.opaque");
    CALL(setxattr("m/d", "trusted.overlay.opaque", "y", 1, 0));
    attribute("m/d", "trusted.overlay.opaque");
    attribute("u/d", "trusted.overlay.overlay.opaque");
    CALL(removexattr("m/d", "trusted.overlay.opaque"));
    char names[64];
    CALL(listxattr("m/d", names, sizeof names));

    /* Renames. */
    CALL(rename("m/e", "m/moved"));
    CALL(rename("m/new", "m/e/new"));
    CALL(rename("m/e/new", "m/d"));
    CALL(renameat2(AT_FDCWD, "m/f", AT_FDCWD, "m/g", RENAME_EXCHANGE));
    get("m/f");
    get("m/g");
    CALL(renameat2(AT_FDCWD, "m/d", AT_FDCWD, "m/f", RENAME_EXCHANGE));
    CALL(renameat2(AT_FDCWD, "m/d", AT_FDCWD, "m/e", RENAME_EXCHANGE));
    CALL(renameat2(AT_FDCWD, "m/d", AT_FDCWD, "m/f", RENAME_NOREPLACE));
    CALL(renameat2(AT_FDCWD, "m/d", AT_FDCWD, "m/h", RENAME_NOREPLACE));
    list("m");
    list("u");
    CALL(rename("m/f", "m/e"));
    list("m");

    /* A file without a name. */
    file = open("m/e", O_TMPFILE | O_RDWR, 0600);
    CHECK(file >= 0 && write(file, "nameless", 8) == 8);
    CALL(linkat(file, "", AT_FDCWD, "m/e/named", AT_EMPTY_PATH));
    get("u/e/named");

    /* Reading a merged directory while it is changed: what stays comes once. */
    int seen[200] = { 0 }, more = 0;
    DIR *directory = opendir("m/big");
    struct dirent *entry;
    while ((entry = readdir(directory)) != NULL) {
        if (entry->d_name[0] == '.') continue;
        int number = atoi(entry->d_name);
        seen[number]++;
        char path[32];
        snprintf(path, sizeof path, "m/big/%d", (number * 7 + 3) % 200);
        chmod(path, 0600);
        more++;
    }
    int once = 1;
    for (int i = 0; i < 200; i++) once &= seen[i] == 1;
    CHECK(once && more == 200);
    rewinddir(directory);
    for (more = 0; (entry = readdir(directory)) != NULL; more++) {
        struct stat status;
        if (fstatat(dirfd(directory), entry->d_name, &status, 0) != 0) failures++;
        if (entry->d_name[0] != '.' && status.st_ino != entry->d_ino) failures++;
    }
    SHOW("entries", "%d", more);
    closedir(directory);

    /* Two processes and two threads bring one file up. */
    put("l/race", "");
    fflush(stdout);
    for (int i = 0; i < 2; i++)
        if (fork() == 0) {
            pthread_t threads[2];
            for (int j = 0; j < 2; j++) pthread_create(&threads[j], NULL, appender, "m/race");
            for (int j = 0; j < 2; j++) pthread_join(threads[j], NULL);
            _exit(failures != 0);
        }
    int status;
    while (wait(&status) > 0) CHECK(status == 0);
    stat("m/race", &one);
    SHOW("appended", "%ld", (long)one.st_size);
    stat("l/race", &one);
    SHOW("below", "%ld", (long)one.st_size);
    CALL(mknod("m/white", S_IFCHR | 0600, makedev(0, 0)));
    munmap(mapped, 4096);
    munmap(private, 4096);
    munmap(shared, 4096);
    CALL(umount2("m", MNT_DETACH));
    END();
}
