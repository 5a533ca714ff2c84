/* The vDSO: a real image, found by AT_SYSINFO_EHDR and read as a C library reads it, whose functions
 * agree with the calls and need none. */
#include "check.h"
#include <elf.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>

#ifdef __riscv
#define VERSION "LINUX_4.15"
#define NAME(name) "__vdso_" name
#else
#define VERSION "LINUX_2.6.39"
#define NAME(name) "__kernel_" name
#endif

static unsigned char *base;
static Elf64_Sym *symbols;
static const char *strings;
static Elf64_Versym *versions;
static Elf64_Verdef *definitions;
static Elf64_Word *table;
static Elf64_Word *gnu_table;

static void *moved(Elf64_Addr address) {
    return base + address;
}

static unsigned long old_hash(const char *name) {
    unsigned long hash = 0;
    for (; *name; name++) {
        hash = (hash << 4) + (unsigned char)*name;
        hash = (hash ^ (hash >> 24 & 0xf0)) & 0xfffffff;
    }
    return hash;
}

static unsigned gnu_hash(const char *name) {
    unsigned hash = 5381;
    for (; *name; name++) hash = hash * 33 + (unsigned char)*name;
    return hash;
}

static const char *version_of(unsigned index) {
    Elf64_Verdef *definition = definitions;
    for (;;) {
        if (definition->vd_ndx == (versions[index] & 0x7fff)) {
            Elf64_Verdaux *name = (void *)((char *)definition + definition->vd_aux);
            return strings + name->vda_name;
        }
        if (!definition->vd_next) return "none";
        definition = (void *)((char *)definition + definition->vd_next);
    }
}

static unsigned by_old_hash(const char *name) {
    if (!table) return 0;
    Elf64_Word buckets = table[0], *chain = table + 2 + buckets;
    for (unsigned i = table[2 + old_hash(name) % buckets]; i; i = chain[i])
        if (!strcmp(strings + symbols[i].st_name, name)) return i;
    return 0;
}

static unsigned by_gnu_hash(const char *name) {
    if (!gnu_table) return 0;
    Elf64_Word buckets = gnu_table[0], first = gnu_table[1], words = gnu_table[2], shift = gnu_table[3];
    Elf64_Addr *bloom = (void *)(gnu_table + 4);
    Elf64_Word *bucket = (void *)(bloom + words), *chain = bucket + buckets;
    unsigned hash = gnu_hash(name);
    Elf64_Addr word = bloom[hash / 64 % words];
    if (!(word >> hash % 64 & word >> (hash >> shift) % 64 & 1)) return 0;
    unsigned i = bucket[hash % buckets];
    if (!i) return 0;
    for (;; i++) {
        if ((chain[i - first] | 1) == (hash | 1) && !strcmp(strings + symbols[i].st_name, name)) return i;
        if (chain[i - first] & 1) return 0;
    }
}

static int (*get_time)(clockid_t, struct timespec *);
static int (*get_resolution)(clockid_t, struct timespec *);
static int (*get_day)(struct timeval *, struct timezone *);

static void *find(const char *name) {
    unsigned old = by_old_hash(name), gnu = by_gnu_hash(name), found = gnu ? gnu : old;
    SHOW(name, "%s %s %d", found ? "found" : "missing", found ? version_of(found) : "",
         symbols[found].st_shndx != SHN_UNDEF);
    CHECK((!table || old == found) && (!gnu_table || gnu == found));
    return found ? moved(symbols[found].st_value) : NULL;
}

static long nanoseconds(struct timespec time) {
    return time.tv_sec * 1000000000L + time.tv_nsec;
}

static long by_function(clockid_t clock) {
    struct timespec time = { -1, -1 };
    get_time(clock, &time);
    return nanoseconds(time);
}

static long by_call(clockid_t clock) {
    struct timespec time = { -1, -1 };
    syscall(SYS_clock_gettime, clock, &time);
    return nanoseconds(time);
}

static volatile long latest;

/* Each of several threads sees a clock that does not go back behind what another one has seen. */
static void *thread(void *wrong) {
    for (int i = 0; i < 20000; i++) {
        long seen = __atomic_load_n(&latest, __ATOMIC_ACQUIRE);
        long now = i % 16 ? by_function(CLOCK_MONOTONIC) : by_call(CLOCK_MONOTONIC);
        if (now < seen) __atomic_fetch_add((int *)wrong, 1, __ATOMIC_RELAXED);
        __atomic_store_n(&latest, now, __ATOMIC_RELEASE);
    }
    return NULL;
}

static void order(void) {
    clockid_t clocks[] = { CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_MONOTONIC_RAW, CLOCK_BOOTTIME, CLOCK_TAI };
    for (int i = 0; i < 5; i++) {
        int wrong = 0;
        for (int k = 0; k < 500; k++) {
            long before = by_call(clocks[i]), middle = by_function(clocks[i]), after = by_call(clocks[i]);
            if (before > middle || middle > after) wrong++;
        }
        SHOW("clock", "%d %d", clocks[i], wrong);
    }
    clockid_t left[] = { CLOCK_PROCESS_CPUTIME_ID, CLOCK_THREAD_CPUTIME_ID };
    for (int i = 0; i < 2; i++) {
        long before = by_call(left[i]), middle = by_function(left[i]), after = by_call(left[i]);
        CHECK(before <= middle && middle <= after);
    }
    struct timespec time;
    SHOW("no clock", "%d %d", get_time(77, &time), get_resolution(77, &time));
    for (int clock = 0; clock < 8; clock++) {
        struct timespec one = { 1, 1 }, other = { 2, 2 };
        int a = get_resolution(clock, &one), b = (int)syscall(SYS_clock_getres, clock, &other);
        SHOW("resolution", "%d %d %d", clock, a, (a == 0) == (b == 0) && (a || nanoseconds(one) == nanoseconds(other)));
    }
    SHOW("no pointer", "%d %d", get_resolution(CLOCK_MONOTONIC, NULL), get_day(NULL, NULL));
    struct timeval day;
    struct timezone zone = { 7, 7 };
    long before = by_call(CLOCK_REALTIME) / 1000;
    SHOW("gettimeofday", "%d", get_day(&day, &zone));
    long middle = day.tv_sec * 1000000 + day.tv_usec, after = by_call(CLOCK_REALTIME) / 1000;
    CHECK(before <= middle && middle <= after);
    SHOW("zone", "%d %d", zone.tz_minuteswest, zone.tz_dsttime);
}

/* Who sets the time of day sets it for both ways of asking, at once and in every process. */
static void set(void) {
    long start = by_function(CLOCK_MONOTONIC), day = by_function(CLOCK_REALTIME);
    int pipes[2];
    CALL(pipe(pipes));
    pid_t child = fork();
    if (!child) {
        char byte;
        read(pipes[0], &byte, 1);
        long apart = by_function(CLOCK_REALTIME) - day;
        _exit(apart > 999000000000 && apart < 1060000000000 ? 0 : 1);
    }
    struct timespec later = { day / 1000000000 + 1000, day % 1000000000 };
    CALL(clock_settime(CLOCK_REALTIME, &later));
    long before = by_call(CLOCK_REALTIME), middle = by_function(CLOCK_REALTIME), after = by_call(CLOCK_REALTIME);
    CHECK(before <= middle && middle <= after && middle >= day + 1000000000000);
    write(pipes[1], "", 1);
    int status;
    CHECK(waitpid(child, &status, 0) == child);
    SHOW("child", "%d", status);
    long passed = by_function(CLOCK_MONOTONIC) - start;
    long back = day + passed;
    struct timespec again = { back / 1000000000, back % 1000000000 };
    CALL(clock_settime(CLOCK_REALTIME, &again));
    CHECK(by_function(CLOCK_REALTIME) < day + 1000000000000);
}

static void mapped(void) {
    char line[256];
    FILE *maps = fopen("/proc/self/maps", "r");
    int image = 0;
    while (fgets(line, sizeof line, maps)) {
        unsigned long start, end;
        char access[8];
        sscanf(line, "%lx-%lx %7s", &start, &end, access);
        if (strstr(line, "[vdso]")) {
            image++;
            SHOW("vdso", "%s %d", access, start == (unsigned long)base);
        }
        if (strstr(line, "[vvar]")) SHOW("vvar", "%s %d", access, end <= (unsigned long)base);
    }
    fclose(maps);
    SHOW("images", "%d", image);
    int pipes[2];
    if (!pipe(pipes)) {
        CALL(write(pipes[1], base, 4));
        CALL(read(pipes[0], base, 4));
    }
}

int main(void) {
    base = (void *)getauxval(AT_SYSINFO_EHDR);
    CHECK(base != NULL);
    if (!base) END();
    CHECK((unsigned long)base % 4096 == 0);
    Elf64_Ehdr *header = (void *)base;
    SHOW("image", "%d %d %d %d", !memcmp(header->e_ident, ELFMAG, SELFMAG), header->e_ident[EI_CLASS], header->e_type, header->e_version);
    Elf64_Phdr *segment = moved(header->e_phoff);
    Elf64_Dyn *dynamic = NULL;
    for (int i = 0; i < header->e_phnum; i++, segment++) {
        if (segment->p_type == PT_LOAD) SHOW("load", "%lu %lu %x", segment->p_offset, segment->p_vaddr, segment->p_flags);
        if (segment->p_type == PT_DYNAMIC) dynamic = moved(segment->p_vaddr);
    }
    CHECK(dynamic != NULL);
    for (; dynamic->d_tag != DT_NULL; dynamic++) {
        switch (dynamic->d_tag) {
        case DT_HASH: table = moved(dynamic->d_un.d_ptr); break;
        case DT_GNU_HASH: gnu_table = moved(dynamic->d_un.d_ptr); break;
        case DT_SYMTAB: symbols = moved(dynamic->d_un.d_ptr); break;
        case DT_STRTAB: strings = moved(dynamic->d_un.d_ptr); break;
        case DT_VERSYM: versions = moved(dynamic->d_un.d_ptr); break;
        case DT_VERDEF: definitions = moved(dynamic->d_un.d_ptr); break;
        case DT_SONAME: SHOW("name", "%s", dynamic->d_un.d_val < 4096 ? "given" : "far"); break;
        }
    }
    CHECK(symbols && strings && versions && definitions && (table || gnu_table));
    get_time = find(NAME("clock_gettime"));
    get_resolution = find(NAME("clock_getres"));
    get_day = find(NAME("gettimeofday"));
    CHECK(find(NAME("rt_sigreturn")) != NULL);
    CHECK(get_time && get_resolution && get_day);
    order();
    mapped();
    pthread_t threads[3];
    int wrong = 0;
    for (int i = 0; i < 3; i++) pthread_create(&threads[i], NULL, thread, &wrong);
    for (int i = 0; i < 3; i++) pthread_join(threads[i], NULL);
    /* A thread may store an older reading over a newer one; what it saw itself never goes back. */
    SHOW("went back", "%d", wrong);
    set();
    END();
}
