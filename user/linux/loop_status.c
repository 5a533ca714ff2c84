/* How a loop device shows its file, asked and told in the old record and the new one, and another file in its place. It runs on
 * ext2, by a line of disk.lines: where that is tested Linux has loop devices. */
#include "check.h"
#include <fcntl.h>
#include <linux/loop.h>
#include <sys/ioctl.h>
#include <sys/statfs.h>

static int device;

static void tell(void) {
    struct loop_info old;
    struct loop_info64 new;
    memset(&old, 0xff, sizeof old);
    memset(&new, 0xff, sizeof new);
    CALL(ioctl(device, LOOP_GET_STATUS64, &new));
    SHOW("new", "offset %llu limit %llu flags %x name %s", new.lo_offset, new.lo_sizelimit, new.lo_flags,
         (char *)new.lo_file_name);
    CALL(ioctl(device, LOOP_GET_STATUS, &old));
    SHOW("old", "offset %d flags %x name %s", old.lo_offset, old.lo_flags, old.lo_name);
    CHECK(old.lo_device == new.lo_device && old.lo_inode == new.lo_inode && old.lo_number == (int)new.lo_number);
    CHECK(old.lo_rdevice == 0 && old.lo_encrypt_type == 0 && old.lo_encrypt_key_size == 0);
}

static int make(const char *name, long length, char with) {
    char bytes[512];
    int file = open(name, O_RDWR | O_CREAT, 0600);
    memset(bytes, with, sizeof bytes);
    for (long at = 0; at < length; at += 512)
        write(file, bytes, 512);
    return file;
}

static void first(const char *when) {
    char byte = '?';
    pread(device, &byte, 1, 0);
    SHOW(when, "%c", byte);
}

int main(void) {
    char path[32];
    struct loop_info old = {0};
    struct loop_info64 new = {0};
    struct statfs here;
    if (statfs(".", &here) || here.f_type != 0xef53)
        END();
    int control = open("/dev/loop-control", O_RDWR), number = ioctl(control, LOOP_CTL_GET_FREE);
    snprintf(path, sizeof path, "/dev/loop%d", number);
    int one = make("one", 8192, '1'), two = make("two", 8192, '2'), shorter = make("shorter", 4096, '3');
    device = open(path, O_RDWR);
    CALL(ioctl(device, LOOP_GET_STATUS, &old));
    CALL(ioctl(device, LOOP_SET_STATUS, &old));
    CALL(ioctl(device, LOOP_CHANGE_FD, two));
    CALL(ioctl(device, LOOP_CHANGE_FD, 99));
    CALL(ioctl(device, LOOP_SET_FD, one));
    tell();
    old.lo_offset = 1024;
    strcpy(old.lo_name, "a name");
    CALL(ioctl(device, LOOP_SET_STATUS, &old));
    tell();
    SHOW("length", "%ld", (long)lseek(device, 0, SEEK_END));
    old.lo_offset = -512;
    CALL(ioctl(device, LOOP_SET_STATUS, &old));
    old.lo_offset = 0;
    old.lo_encrypt_type = 1;
    CALL(ioctl(device, LOOP_SET_STATUS, &old));
    old.lo_encrypt_type = 0;
    old.lo_flags = 64;
    CALL(ioctl(device, LOOP_SET_STATUS, &old));
    old.lo_flags = 0;
    CALL(ioctl(device, LOOP_SET_STATUS, NULL));
    CALL(ioctl(device, LOOP_GET_STATUS, NULL));
    CALL(ioctl(device, LOOP_SET_STATUS64, NULL));
    CALL(ioctl(device, LOOP_GET_STATUS64, NULL));
    new.lo_encrypt_type = 1;
    CALL(ioctl(device, LOOP_SET_STATUS64, &new));
    new.lo_encrypt_type = 0;
    new.lo_encrypt_key_size = 33;
    CALL(ioctl(device, LOOP_SET_STATUS64, &new));
    new.lo_encrypt_key_size = 1;
    CALL(ioctl(device, LOOP_SET_STATUS64, &new));
    new.lo_encrypt_key_size = 0;
    new.lo_flags = 64 | LO_FLAGS_READ_ONLY;
    CALL(ioctl(device, LOOP_SET_STATUS64, &new));
    tell();
    new.lo_flags = 0;
    new.lo_offset = 1LL << 32;
    CALL(ioctl(device, LOOP_SET_STATUS64, &new));
    CALL(ioctl(device, LOOP_GET_STATUS, &old));
    memset(&old, 0, sizeof old);
    CALL(ioctl(device, LOOP_SET_STATUS, &old));
    tell();
    first("one");
    CALL(ioctl(device, LOOP_CHANGE_FD, two));
    CALL(ioctl(device, LOOP_CLR_FD, 0));
    close(device);
    device = open(path, O_RDONLY);
    CALL(ioctl(device, LOOP_SET_FD, one));
    first("one");
    CALL(ioctl(device, LOOP_CHANGE_FD, shorter));
    CALL(ioctl(device, LOOP_CHANGE_FD, control));
    CALL(ioctl(device, LOOP_CHANGE_FD, device));
    first("still one");
    CALL(ioctl(device, LOOP_CHANGE_FD, two));
    first("two");
    tell();
    CALL(ioctl(device, LOOP_CLR_FD, 0));
    close(device);
    END();
}
