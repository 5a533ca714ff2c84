/* Vectors and positions: readv, writev, preadv2, sendfile, splice, copy_file_range. */
#include "check.h"
#include <fcntl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/uio.h>

int main(void) {
    int file = open("file", O_RDWR | O_CREAT | O_TRUNC, 0600), other = open("other", O_RDWR | O_CREAT | O_TRUNC, 0600);
    struct iovec pieces[3] = { { "one ", 4 }, { "", 0 }, { "three", 5 } };
    CALL(writev(file, pieces, 3));
    CALL(writev(file, pieces, -1));
    CALL(writev(file, pieces, 0));
    CALL(pwritev(file, pieces, 1, 20));
    char a[3] = "", b[20] = "";
    struct iovec into[2] = { { a, 2 }, { b, 10 } };
    CALL(preadv(file, into, 2, 0));
    SHOW("scattered", "%s|%s", a, b);
    CALL(preadv2(file, into, 2, -1, 0));
    lseek(file, 0, SEEK_SET);
    CALL(sendfile(other, file, NULL, 100));
    CALL(lseek(file, 0, SEEK_CUR));
    off_t offset = 4;
    CALL(sendfile(other, file, &offset, 5));
    SHOW("offset", "%ld", (long)offset);
    int ends[2];
    pipe(ends);
    offset = 0;
    CALL(splice(file, &offset, ends[1], NULL, 9, 0));
    CALL(splice(ends[0], NULL, other, NULL, 4, 0));
    CALL(read(ends[0], b, 20));
    CALL(splice(file, NULL, other, NULL, 4, 0));
    CALL(copy_file_range(file, &(off_t){ 0 }, other, &(off_t){ 0 }, 9, 0));
    struct stat status;
    fstat(other, &status);
    SHOW("size", "%ld", (long)status.st_size);
    CALL(pread(other, b, 9, 0));
    SHOW("copied", "%.9s", b);
    struct iovec bad[2] = { { b, 3 }, { (void *)8, 3 } };
    lseek(file, 0, SEEK_SET);
    CALL(readv(file, bad, 2));
    bad[1].iov_len = -1;
    CALL(readv(file, bad, 2));
    END();
}
