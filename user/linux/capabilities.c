/* Giving up single capabilities: what that forbids, and whether they come back. */
#include "check.h"
#include <fcntl.h>
#include <linux/capability.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

static struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};

static int change(int effective, int permitted) {
    struct __user_cap_data_struct data[2];
    const unsigned own = 1u << CAP_DAC_READ_SEARCH | 1u << CAP_SYS_RESOURCE;
    if (syscall(SYS_capget, &header, data))
        return -1;
    data[0].effective = (data[0].effective & ~own) | effective;
    data[0].permitted = (data[0].permitted & ~own) | permitted;
    return syscall(SYS_capset, &header, data);
}

static void show(const char *when) {
    struct __user_cap_data_struct data[2];
    syscall(SYS_capget, &header, data);
    SHOW(when, "%x %x", data[0].effective, data[0].permitted);
}

static void effects(void) {
    struct { struct file_handle head; char room[128]; } handle;
    struct rlimit limit;
    int ends[2], mount;
    handle.head.handle_bytes = 128;
    CALL(name_to_handle_at(AT_FDCWD, "f", &handle.head, &mount, 0));
    OK(open_by_handle_at(AT_FDCWD, &handle.head, O_RDONLY));
    CALL(pipe(ends));
    CALL(fcntl(ends[0], F_SETPIPE_SZ, 1 << 21));
    close(ends[0]), close(ends[1]);
    getrlimit(RLIMIT_CORE, &limit);
    limit.rlim_cur = 0, limit.rlim_max = 1000;
    CALL(setrlimit(RLIMIT_CORE, &limit));
    limit.rlim_max = 2000;
    CALL(setrlimit(RLIMIT_CORE, &limit));
}

int main(void) {
    const int find = 1 << CAP_DAC_READ_SEARCH, resources = 1 << CAP_SYS_RESOURCE;
    close(open("f", O_CREAT | O_RDWR, 0600));
    show("at first");
    effects();
    CALL(change(resources, find | resources));
    show("without the first");
    effects();
    CALL(change(find, find | resources));
    show("without the second");
    effects();
    CALL(change(find | resources, find | resources));
    effects();
    CALL(change(find | resources, find));
    CALL(change(find, find));
    CALL(change(find | resources, find | resources));
    CALL(change(find | resources, find));
    show("lost");
    effects();
    fflush(stdout);
    if (fork() == 0) {
        show("inherited");
        CALL(setuid(1000));
        show("another user");
        effects();
        fflush(stdout);
        _exit(0);
    }
    wait(NULL);
    END();
}
