/* Files found again by their handles, when names have changed or are gone. */
#include "check.h"
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>

struct room {
    struct file_handle handle;
    unsigned char bytes[MAX_HANDLE_SZ];
};

static struct room handle_of(const char *path, int flags) {
    struct room room;
    int mount;
    memset(&room, 0, sizeof room);
    room.handle.handle_bytes = MAX_HANDLE_SZ;
    CALL(name_to_handle_at(AT_FDCWD, path, &room.handle, &mount, flags));
    return room;
}

static int same_file(int descriptor, const char *path) {
    struct stat one, other;
    if (fstat(descriptor, &one) || lstat(path, &other)) return 0;
    return one.st_ino == other.st_ino && one.st_dev == other.st_dev;
}

int main(void) {
    mkdir("d", 0755);
    mkdir("d/e", 0755);
    close(open("d/e/f", O_CREAT | O_RDWR, 0600));
    symlink("d", "s");
    struct room file = handle_of("d/e/f", 0), directory = handle_of("d/e", 0);
    struct room followed = handle_of("s", AT_SYMLINK_FOLLOW), link = handle_of("s", 0);
    handle_of("nothing", 0);
    handle_of("d", 0x10);
    handle_of("", 0);
    handle_of("", AT_EMPTY_PATH);
    handle_of("/proc/self/status", 0);

    int mount;
    struct room small = file;
    small.handle.handle_bytes = 0;
    CALL(name_to_handle_at(AT_FDCWD, "d", &small.handle, &mount, 0));
    CHECK(small.handle.handle_bytes >= 8 && small.handle.handle_bytes <= MAX_HANDLE_SZ);
    small.handle.handle_bytes = MAX_HANDLE_SZ + 1;
    CALL(name_to_handle_at(AT_FDCWD, "d", &small.handle, &mount, 0));

    int here = open(".", O_RDONLY);
    rename("d/e", "moved");
    int opened = open_by_handle_at(here, &file.handle, O_RDWR);
    CHECK(opened >= 0 && same_file(opened, "moved/f"));
    CALL(write(opened, "text", 4));
    close(opened);
    opened = open_by_handle_at(AT_FDCWD, &directory.handle, O_RDONLY | O_DIRECTORY);
    CHECK(opened >= 0 && same_file(opened, "moved"));
    CALL(faccessat(opened, "../moved/f", R_OK, 0));
    CALL(openat(opened, "made", O_CREAT | O_EXCL | O_RDWR, 0600) >= 0);
    CALL(access("moved/made", F_OK));
    close(opened);
    opened = open_by_handle_at(here, &followed.handle, O_PATH);
    CHECK(opened >= 0 && same_file(opened, "d"));
    close(opened);
    CALL(open_by_handle_at(here, &link.handle, O_RDONLY));
    opened = open_by_handle_at(here, &link.handle, O_PATH);
    CHECK(opened >= 0 && same_file(opened, "s"));
    close(opened);
    CALL(open_by_handle_at(here, &directory.handle, O_RDWR));
    CALL(open_by_handle_at(99, &file.handle, O_RDONLY));

    struct room wrong = file;
    wrong.handle.handle_bytes = 4;
    CALL(open_by_handle_at(here, &wrong.handle, O_RDONLY));
    wrong.handle.handle_bytes = 0;
    CALL(open_by_handle_at(here, &wrong.handle, O_RDONLY));
    wrong.handle.handle_bytes = MAX_HANDLE_SZ + 1;
    CALL(open_by_handle_at(here, &wrong.handle, O_RDONLY));

    unlink("moved/f");
    CALL(open_by_handle_at(here, &file.handle, O_RDONLY));
    close(open("moved/again", O_CREAT | O_RDWR, 0600));
    CALL(open_by_handle_at(here, &file.handle, O_RDONLY));

    fflush(stdout);
    if (fork() == 0) {
        CALL(setuid(1000));
        handle_of("moved", 0);
        CALL(open_by_handle_at(here, &directory.handle, O_RDONLY));
        _exit(0);
    }
    wait(NULL);
    END();
}
