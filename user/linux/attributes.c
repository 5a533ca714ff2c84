/* Extended attributes: name spaces, limits, errors; access control lists with chmod and defaults. */
#include "check.h"
#include <fcntl.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>

#define ACCESS "system.posix_acl_access"
#define DEFAULT "system.posix_acl_default"

static int by_name(const void *one, const void *other) {
    return strcmp(*(char *const *)one, *(char *const *)other);
}

/* The names, sorted: their order is each file system's own. Security modules add some of theirs. */
static void list(const char *path) {
    char names[4096];
    char *each[64];
    int count = 0;
    long length = listxattr(path, names, sizeof names);
    for (long at = 0; at < length && count < 64; at += strlen(names + at) + 1)
        if (strcmp(names + at, "security.selinux") != 0) each[count++] = names + at;
    qsort(each, count, sizeof *each, by_name);
    printf("%s has", path);
    for (int i = 0; i < count; i++) printf(" %s", each[i]);
    printf("\n");
    fflush(stdout);
}

static void show(const char *path, const char *name) {
    unsigned char value[256];
    errno = 0;
    long length = getxattr(path, name, value, sizeof value);
    printf("%s %s:", path, name);
    if (length < 0) printf(" %s", strerrorname_np(errno));
    for (long i = 0; i < length; i++) printf(" %02x", value[i]);
    printf("\n");
    fflush(stdout);
}

static void mode(const char *path) {
    struct stat status;
    stat(path, &status);
    SHOW(path, "%o", status.st_mode & 07777);
}

struct entry { uint16_t tag, rights; uint32_t number; };
struct list { uint32_t version; struct entry entries[8]; };
#define NOBODY 0xffffffff

static int set(const char *path, const char *name, int count, struct entry *entries) {
    struct list value = { .version = 2 };
    memcpy(value.entries, entries, count * sizeof *entries);
    return setxattr(path, name, &value, 4 + count * sizeof *entries, 0);
}

static void as(int user, const char *path) {
    fflush(stdout);
    if (fork() == 0) {
        setgid(user);
        setuid(user);
        printf("user %d, %s:", user, path);
        for (int wanted = 4; wanted; wanted >>= 1) printf(" %d", faccessat(AT_FDCWD, path, wanted, AT_EACCESS));
        printf("\n");
        fflush(stdout);
        _exit(0);
    }
    wait(NULL);
}

int main(void) {
    umask(022);
    chmod(".", 0777);
    int file = open("f", O_CREAT | O_RDWR, 0644);
    mkdir("d", 0755);
    mkdir("s", 0777);
    chmod("s", 01777);
    symlink("f", "l");
    mkfifo("p", 0666);

    CALL(setxattr("f", "user.one", "value", 5, 0));
    CALL(setxattr("f", "user.one", "x", 1, XATTR_CREATE));
    CALL(setxattr("f", "user.two", "x", 1, XATTR_REPLACE));
    CALL(setxattr("f", "user.two", "x", 1, XATTR_CREATE | XATTR_REPLACE));
    CALL(setxattr("f", "user.two", "x", 1, 4));
    CALL(setxattr("f", "user.two", NULL, 0, 0));
    CALL(fsetxattr(file, "trusted.three", "3", 1, 0));
    CALL(lsetxattr("l", "trusted.four", "4", 1, 0));
    CALL(lsetxattr("l", "user.four", "4", 1, 0));
    CALL(setxattr("p", "user.five", "5", 1, 0));
    CALL(getxattr("p", "user.five", NULL, 0));
    CALL(setxattr("d", "security.six", "6", 1, 0));
    list("f");
    list("d");
    show("f", "user.one");
    show("f", "user.two");
    show("f", "user.none");
    show("l", "trusted.four");
    CALL(lgetxattr("l", "trusted.four", NULL, 0));
    char small[2];
    CALL(getxattr("f", "user.one", small, 2));
    CALL(getxattr("f", "user.one", NULL, 0));
    CALL(listxattr("f", small, 2));
    CALL(fgetxattr(file, "trusted.three", small, 2));

    /* Names. */
    char name[400];
    memset(name, 'n', sizeof name);
    memcpy(name, "user.", 5);
    name[256] = 0;
    CALL(setxattr("f", name, "x", 1, 0));
    name[255] = 0;
    CALL(setxattr("f", name, "x", 1, 0));
    CALL(removexattr("f", name));
    CALL(removexattr("f", name));
    CALL(setxattr("f", "", "x", 1, 0));
    CALL(setxattr("f", "user.", "x", 1, 0));
    CALL(setxattr("f", "user", "x", 1, 0));
    CALL(setxattr("f", "other.name", "x", 1, 0));
    CALL(setxattr("f", "system.name", "x", 1, 0));
    CALL(getxattr("f", "other.name", NULL, 0));
    CALL(setxattr("none", "user.a", "x", 1, 0));
    CALL(listxattr("none", NULL, 0));

    /* Values. */
    char *large = calloc(1, 70000);
    CALL(setxattr("f", "user.large", large, 65537, 0));
    CALL(setxattr("f", "user.large", (char *)1, 8, 0));
    CALL(setxattr("f", (char *)1, "x", 1, 0));
    CALL(setxattr("d", "user.large", large, 10000, 0));
    CALL(getxattr("d", "user.large", large, 70000));

    /* Descriptors without attributes. */
    int both[2], place = open("f", O_PATH);
    pipe(both);
    CALL(fsetxattr(both[0], "user.a", "x", 1, 0));
    CALL(fgetxattr(both[0], "user.a", NULL, 0));
    CALL(fsetxattr(place, "user.a", "x", 1, 0));
    CALL(flistxattr(place, NULL, 0));
    CALL(fsetxattr(-1, "user.a", "x", 1, 0));

    fflush(stdout);
    if (fork() == 0) {
        setgid(1000);
        setuid(1000);
        list("f");
        CALL(getxattr("f", "user.one", NULL, 0));
        CALL(getxattr("f", "trusted.three", NULL, 0));
        CALL(getxattr("d", "security.six", NULL, 0));
        CALL(setxattr("f", "user.one", "x", 1, 0));
        CALL(setxattr("f", "trusted.three", "x", 1, 0));
        CALL(setxattr("f", "security.six", "x", 1, 0));
        CALL(removexattr("f", "trusted.three"));
        CALL(setxattr("s", "user.a", "x", 1, 0));
        CALL(set("f", ACCESS, 3, (struct entry[]){ { 1, 6, NOBODY }, { 4, 4, NOBODY }, { 32, 4, NOBODY } }));
        close(open("mine", O_CREAT | O_RDWR, 0600));
        CALL(setxattr("mine", "user.a", "x", 1, 0));
        chmod("mine", 0);
        CALL(getxattr("mine", "user.a", NULL, 0));
        _exit(0);
    }
    wait(NULL);

    /* Access control lists. */
    struct entry wide[] = { { 1, 6, NOBODY }, { 2, 6, 1000 }, { 4, 4, NOBODY }, { 8, 7, 2000 },
                            { 16, 7, NOBODY }, { 32, 0, NOBODY } };
    CALL(set("f", ACCESS, 6, wide));
    mode("f");
    show("f", ACCESS);
    as(1000, "f");
    as(2000, "f");
    as(3000, "f");
    chmod("f", 0640);
    show("f", ACCESS);
    as(1000, "f");
    as(2000, "f");
    chmod("f", 0604);
    as(1000, "f");
    CALL(set("f", ACCESS, 3, (struct entry[]){ { 1, 6, NOBODY }, { 4, 4, NOBODY }, { 32, 5, NOBODY } }));
    show("f", ACCESS);
    mode("f");
    CALL(set("f", ACCESS, 6, wide));
    CALL(removexattr("f", ACCESS));
    CALL(removexattr("f", ACCESS));
    mode("f");
    CALL(set("f", ACCESS, 2, wide));
    CALL(set("f", ACCESS, 5, wide));
    CALL(set("f", ACCESS, 0, wide));
    CALL(setxattr("f", ACCESS, "\2\0\0\0\1", 5, 0));
    CALL(setxattr("f", ACCESS, "\1\0\0\0", 4, 0));
    CALL(setxattr("f", ACCESS, "\2", 1, 0));
    CALL(set("f", DEFAULT, 6, wide));
    CALL(lsetxattr("l", ACCESS, "\2\0\0\0", 4, 0));
    CALL(set("d", DEFAULT, 6, wide));
    list("d");
    umask(077);
    close(open("d/f", O_CREAT | O_RDWR, 0666));
    mkdir("d/d", 0777);
    symlink("f", "d/l");
    mknod("d/p", S_IFIFO | 0600, 0);
    mode("d/f");
    mode("d/d");
    mode("d/p");
    list("d/f");
    list("d/d");
    show("d/f", ACCESS);
    show("d/d", ACCESS);
    show("d/d", DEFAULT);
    show("d/p", ACCESS);
    CALL(removexattr("d", DEFAULT));
    close(open("d/g", O_CREAT | O_RDWR, 0666));
    mode("d/g");
    END();
}
