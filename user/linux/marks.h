/* What the programs about marks of files use. */
#ifndef MARKS_H
#define MARKS_H
#include "check.h"
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>

/* Those that are looked at. */
static const int marked = FS_COMPR_FL | FS_IMMUTABLE_FL | FS_APPEND_FL | FS_NODUMP_FL;

/* Gives a file or directory these, and none of the others. */
static int mark(const char *path, int marks) {
    int file = open(path, O_RDONLY), present = 0;
    if (file < 0 || ioctl(file, FS_IOC_GETFLAGS, &present))
        return -1;
    present = (present & ~marked) | marks;
    int outcome = ioctl(file, FS_IOC_SETFLAGS, &present), error = errno;
    close(file);
    errno = error;
    return outcome;
}
#endif
