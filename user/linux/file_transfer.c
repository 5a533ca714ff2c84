/* tee, vmsplice, splice, sendfile, copy_file_range: what may be combined, and what each gives. */
#include "check.h"
#include <fcntl.h>
#include <signal.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>

static char bytes[200000];

static long take(int from) {
    long count = read(from, bytes, sizeof bytes);
    printf("    got %ld %.8s\n", count, count > 0 ? bytes : "");
    memset(bytes, 0, sizeof bytes);
    return count;
}

int main(void) {
    int a[2], b[2], full[2], dead[2], pair[2];
    signal(SIGPIPE, SIG_IGN);
    pipe2(a, O_NONBLOCK);
    pipe2(b, O_NONBLOCK);
    pipe2(full, O_NONBLOCK);
    pipe(dead);
    close(dead[0]);
    socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair);
    while (write(full[1], bytes, 4096) > 0);
    int file = open("file", O_RDWR | O_CREAT, 0644), other = open("other", O_RDWR | O_CREAT, 0644);
    int zero = open("/dev/zero", O_RDWR), null = open("/dev/null", O_RDWR), appends = open("a", O_RDWR | O_CREAT | O_APPEND, 0644);
    for (int at = 0; at < 100000; at++) bytes[at] = 'a' + at % 26;
    write(file, bytes, 100000);
    memset(bytes, 0, sizeof bytes);

    write(a[1], "hello", 5);
    CALL(tee(a[0], b[1], 100, 0));
    take(b[0]);
    CALL(tee(a[0], b[1], 3, SPLICE_F_NONBLOCK));
    take(b[0]);
    take(a[0]);
    CALL(tee(a[0], b[1], 100, 0));
    CALL(tee(a[0], b[1], 100, SPLICE_F_NONBLOCK));
    CALL(tee(a[0], b[1], 0, 0));
    CALL(tee(a[0], a[1], 100, 0));
    CALL(tee(a[1], b[1], 100, 0));
    CALL(tee(file, b[1], 100, 0));
    CALL(tee(a[0], file, 100, 0));
    CALL(tee(a[0], b[1], 100, 0x100));
    CALL(tee(99, b[1], 100, 0));
    write(a[1], "hello", 5);
    CALL(tee(a[0], full[1], 100, 0));
    CALL(tee(a[0], dead[1], 100, 0));
    take(a[0]);

    struct iovec two[2] = { { "first", 5 }, { "second", 6 } };
    CALL(vmsplice(a[1], two, 2, 0));
    take(a[0]);
    CALL(vmsplice(a[1], two, 2, SPLICE_F_GIFT | SPLICE_F_MORE));
    struct iovec into[2] = { { bytes, 4 }, { bytes + 4, 100 } };
    CALL(vmsplice(a[0], into, 2, 0));
    SHOW("taken", "%s", bytes);
    memset(bytes, 0, sizeof bytes);
    CALL(vmsplice(a[0], into, 2, SPLICE_F_NONBLOCK));
    CALL(vmsplice(full[1], two, 2, SPLICE_F_NONBLOCK));
    CALL(vmsplice(dead[1], two, 2, 0));
    CALL(vmsplice(file, two, 2, 0));
    CALL(vmsplice(a[1], two, 2, 0x100));
    CALL(vmsplice(a[1], two, 0, 0));
    CALL(vmsplice(a[1], two, 2000, 0));
    two[1].iov_base = (void *)8;
    CALL(vmsplice(a[1], two, 2, 0));
    two[0].iov_base = (void *)8;
    take(a[0]);
    CALL(vmsplice(a[1], two, 2, 0));

    loff_t offset = 10, place = 3;
    CALL(splice(file, &offset, a[1], 0, 20, 0));
    SHOW("offset", "%ld", (long)offset);
    CALL(splice(a[0], 0, b[1], 0, 5, 0));
    take(b[0]);
    CALL(splice(a[0], 0, other, &place, 100, 0));
    SHOW("offset", "%ld", (long)place);
    CALL(splice(a[0], 0, other, 0, 100, 0));
    CALL(splice(a[0], 0, other, 0, 100, SPLICE_F_NONBLOCK));
    CALL(splice(a[0], 0, a[1], 0, 100, 0));
    CALL(splice(file, 0, other, 0, 100, 0));
    CALL(splice(a[0], &offset, other, 0, 100, 0));
    CALL(splice(file, &offset, a[1], &offset, 100, 0));
    offset = -1;
    CALL(splice(file, &offset, a[1], 0, 100, 0));
    offset = 1 << 20;
    CALL(splice(file, &offset, a[1], 0, 100, 0));
    CALL(splice(zero, 0, a[1], 0, 10, 0));
    take(a[0]);
    write(a[1], "data", 4);
    CALL(splice(a[0], 0, null, 0, 100, 0));
    write(a[1], "data", 4);
    CALL(splice(a[0], 0, appends, 0, 100, 0));
    CALL(splice(a[0], 0, pair[0], 0, 100, 0));
    take(pair[1]);
    write(pair[1], "socket", 6);
    CALL(splice(pair[0], 0, a[1], 0, 100, 0));
    take(a[0]);
    offset = 0;
    CALL(splice(file, &offset, full[1], 0, 100, SPLICE_F_NONBLOCK));
    CALL(splice(file, &offset, dead[1], 0, 100, 0));
    write(a[1], "kept", 4);
    take(a[0]);
    int reader = open("file", O_RDONLY);
    write(a[1], "kept", 4);
    CALL(splice(a[0], 0, reader, 0, 100, 0));
    CALL(splice(a[0], 0, full[1], 0, 100, SPLICE_F_NONBLOCK));
    CALL(splice(a[0], 0, dead[1], 0, 100, 0));
    take(a[0]);
    CALL(splice(file, 0, a[1], 0, 0, 0));
    CALL(splice(open(".", O_RDONLY), 0, a[1], 0, 10, 0));

    off_t from = 99990;
    lseek(other, 0, SEEK_SET);
    CALL(sendfile(other, file, &from, 100));
    SHOW("offset", "%ld", (long)from);
    CALL(sendfile(other, file, &from, 100));
    from = 0;
    CALL(sendfile(a[1], file, &from, 10));
    take(a[0]);
    CALL(sendfile(pair[0], file, &from, 10));
    take(pair[1]);
    CALL(sendfile(other, zero, 0, 10));
    CALL(sendfile(other, a[0], 0, 10));
    CALL(sendfile(other, pair[0], 0, 10));
    CALL(sendfile(appends, file, 0, 10));
    CALL(sendfile(reader, file, 0, 10));
    CALL(sendfile(other, other, 0, 10));
    from = -1;
    CALL(sendfile(other, file, &from, 10));
    CALL(sendfile(null, file, 0, 100000));
    CALL(sendfile(other, open("/proc/version", O_RDONLY), 0, 14));
    CALL(sendfile(other, open(".", O_RDONLY), 0, 10));

    loff_t in = 0, out = 50;
    CALL(copy_file_range(file, &in, file, &out, 50, 0));
    in = 0;
    CALL(copy_file_range(file, &in, file, &out, 200, 0));
    in = 99990;
    out = 0;
    CALL(copy_file_range(file, &in, other, &out, 50, 0));
    CALL(copy_file_range(file, &in, other, &out, 50, 0));
    in = 0;
    CALL(copy_file_range(file, &in, other, &out, 50, 1));
    CALL(copy_file_range(file, &in, appends, &out, 50, 0));
    CALL(copy_file_range(file, &in, reader, &out, 50, 0));
    CALL(copy_file_range(file, &in, a[1], 0, 50, 0));
    CALL(copy_file_range(zero, &in, other, &out, 50, 0));
    CALL(copy_file_range(open(".", O_RDONLY), 0, other, 0, 50, 0));
    CALL(copy_file_range(file, &in, open("/dev/shm/x", O_RDWR | O_CREAT, 0600), 0, 50, 0));
    in = -1;
    CALL(copy_file_range(file, &in, other, &out, 50, 0));
    in = 0x7fffffffffffffff;
    CALL(copy_file_range(file, &in, other, &out, 50, 0));
    unlink("/dev/shm/x");
    END();
}
