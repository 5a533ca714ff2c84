/* Marks, room and direct transfers of files that are seen through an overlay. It wants ext2 below, on which a line of
 * disk.lines runs it. */
#include "marks.h"
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statfs.h>

static void tell(const char *path) {
    int file = open(path, O_RDONLY), marks = -1;
    ioctl(file, FS_IOC_GETFLAGS, &marks);
    SHOW(path, "%x", marks & marked);
    close(file);
}

static void make(const char *path) {
    int file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    write(file, "0123456789", 10);
    close(file);
}

static void opening(const char *path, int how) {
    int file = open(path, how), error = errno;
    SHOW("opened", "%s", file < 0 ? strerrorname_np(error) : "yes");
    if (file >= 0) close(file);
}

static void change(const char *path) {
    char other[64];
    sprintf(other, "%s-moved", path);
    SHOW("changes of", "%s", path);
    opening(path, O_WRONLY), opening(path, O_WRONLY | O_APPEND);
    CALL(truncate(path, 3));
    CALL(chmod(path, 0600));
    CALL(link(path, other));
    CALL(unlink(other));
    CALL(rename(path, other));
    CALL(unlink(path));
}

static void marks(void) {
    const char *lower[] = {"l/fixed", "l/grows", "l/plain", "l/nodump"};
    for (int i = 0; i < 4; i++) make(lower[i]);
    CALL(mark("l/fixed", FS_IMMUTABLE_FL));
    CALL(mark("l/grows", FS_APPEND_FL));
    CALL(mark("l/nodump", FS_NODUMP_FL));
    CALL(mount("o", "m", "overlay", 0, "lowerdir=l,upperdir=u,workdir=w"));
    tell("m/fixed"), tell("m/grows"), tell("m/plain"), tell("m/nodump");
    change("m/fixed");
    change("m/grows");
    tell("m/fixed"), tell("m/grows");
    CALL(mark("m/plain", FS_NODUMP_FL));
    tell("m/plain"), tell("l/plain");
    make("m/new");
    CALL(mark("m/new", FS_IMMUTABLE_FL));
    tell("m/new");
    change("m/new");
    CALL(mark("m/new", 0));
    change("m/new");
    CALL(mark("m/fixed", 0));
    tell("m/fixed");
    change("m/fixed");
}

static void room(void) {
    make("m/room");
    int file = open("m/room", O_RDWR);
    struct stat status;
    CALL(ftruncate(file, 40960));
    CALL(pwrite(file, "x", 1, 20000));
    CALL(fallocate(file, 0, 0, 8192));
    CALL(fallocate(file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 16384, 8192));
    char byte = 1;
    CALL(pread(file, &byte, 1, 20000));
    SHOW("punched", "%d", byte);
    CALL(lseek(file, 0, SEEK_HOLE));
    fstat(file, &status);
    SHOW("length", "%d", (int)status.st_size);
    CALL(fallocate(file, FALLOC_FL_ZERO_RANGE, 0, 4096));
    OK(lseek(file, 1L << 62, SEEK_SET));
    close(file);
    file = open("m/room", O_RDWR | O_DIRECT);
    SHOW("direct", "%d", file >= 0);
    close(file);
    int lower = open("m/lower", O_RDONLY);
    CALL(fallocate(lower, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, 1));
    close(lower);
}

int main(void) {
    struct statfs here;
    if (statfs(".", &here) || here.f_type != 0xef53)
        END();
    mkdir("l", 0755), mkdir("u", 0755), mkdir("w", 0755), mkdir("m", 0755);
    make("l/lower");
    marks();
    room();
    CALL(umount("m"));
    const char *left[] = {"l/fixed", "l/grows", "u/grows", "u/fixed", "u/new", "l/nodump"};
    for (int i = 0; i < 6; i++) mark(left[i], 0);
    END();
}
