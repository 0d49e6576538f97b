/* The API of rtl-sdr.h over world.c. See emulator.h for what a test can do to it. */
#define _GNU_SOURCE
#include "emulator.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <pthread.h>
#include <rtl-sdr.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

enum { NO_DEVICE = -4, INACTIVE = -2 };
#define N_CHANGES 16

struct change {
    double at_s, settled_s, center;
};

struct rtlsdr_dev {
    int number;
    uint32_t center, rate;
    int ppm, gain, gain_mode, test_mode, direct, offset_tuning, bandwidth;
    uint32_t rtl_xtal, tuner_xtal;
    double opened_s;
    int64_t n_made; /* samples of the device's own time that are gone */
    struct change changes[N_CHANGES];
    int n_changes;
    volatile int is_running, is_cancelled, is_lost;
    pthread_mutex_t lock;
};

static int64_t own_slots[MAX_DEVICES * N_SLOTS];
static int64_t *slots = own_slots;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static const int gains[] = {0,   9,   14,  27,  37,  77,  87,  125, 144, 157, 166, 197, 207, 229, 254,
                            280, 297, 328, 338, 364, 372, 386, 402, 421, 434, 439, 445, 480, 496};
#define N_GAINS ((int)(sizeof gains / sizeof *gains))

static double now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec + t.tv_nsec * 1e-9;
}

static void sleep_s(double s)
{
    if (s <= 0)
        return;
    struct timespec t = {(time_t)s, (long)((s - floor(s)) * 1e9)};
    while (nanosleep(&t, &t) && errno == EINTR)
        ;
}

static void load(void)
{
    world_load();
    const char *path = getenv("RTL_EMULATOR_CONTROL");
    int file = path ? open(path, O_RDWR) : -1;
    if (file >= 0) {
        void *map = mmap(NULL, sizeof own_slots, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
        if (map != MAP_FAILED)
            slots = map;
        close(file);
    } else {
        for (int i = 0; i < the_world.n_devices; i++)
            slots[i * N_SLOTS + PLUGGED] = 1;
    }
}

/* Not in rtl-sdr.h: read the world anew. Only while nothing is open. */
void emulator_reload(void);
void emulator_reload(void)
{
    pthread_once(&once, load);
    world_load();
}

static volatile int64_t *slot(int number, enum slot which)
{
    return &slots[number * N_SLOTS + which];
}

static int64_t take(int number, enum slot which)
{
    return __atomic_exchange_n(&slots[number * N_SLOTS + which], 0, __ATOMIC_SEQ_CST);
}

/* The number of the index-th one that is plugged in, or -1. */
static int number_of(uint32_t index)
{
    pthread_once(&once, load);
    for (int i = 0; i < the_world.n_devices; i++)
        if (*slot(i, PLUGGED) && index-- == 0)
            return i;
    return -1;
}

uint32_t rtlsdr_get_device_count(void)
{
    uint32_t n = 0;
    while (number_of(n) >= 0)
        n++;
    return n;
}

const char *rtlsdr_get_device_name(uint32_t index) { return number_of(index) < 0 ? "" : "Emulated RTL2838UHIDIR"; }

static int strings(int number, char *manufacturer, char *product, char *serial)
{
    if (number < 0)
        return -2;
    if (manufacturer)
        strcpy(manufacturer, "Emulated");
    if (product)
        strcpy(product, "RTL2838UHIDIR");
    if (serial)
        strcpy(serial, the_world.serial[number]);
    return 0;
}

int rtlsdr_get_device_usb_strings(uint32_t index, char *manufacturer, char *product, char *serial)
{
    return strings(number_of(index), manufacturer, product, serial);
}

int rtlsdr_get_usb_strings(rtlsdr_dev_t *dev, char *manufacturer, char *product, char *serial)
{
    return dev ? strings(dev->number, manufacturer, product, serial) : -1;
}

int rtlsdr_get_index_by_serial(const char *serial)
{
    int count = rtlsdr_get_device_count();
    if (!serial)
        return -1;
    if (!count)
        return -2;
    for (int i = 0; i < count; i++)
        if (!strcmp(serial, the_world.serial[number_of(i)]))
            return i;
    return -3;
}

int rtlsdr_open(rtlsdr_dev_t **out, uint32_t index)
{
    int number = number_of(index);
    if (number < 0)
        return -1;
    if (*slot(number, OPEN_ERROR))
        return *slot(number, OPEN_ERROR);
    if (*slot(number, IS_OPEN))
        return -6;
    rtlsdr_dev_t *dev = calloc(1, sizeof *dev);
    *dev = (struct rtlsdr_dev){.number = number, .center = 0, .rate = 0, .rtl_xtal = 28800000,
                               .tuner_xtal = 28800000, .opened_s = now_s(), .gain = 300};
    pthread_mutex_init(&dev->lock, NULL);
    *slot(number, IS_OPEN) = 1;
    *out = dev;
    return 0;
}

int rtlsdr_close(rtlsdr_dev_t *dev)
{
    if (!dev)
        return -1;
    while (dev->is_running && !dev->is_lost)
        sleep_s(0.001);
    *slot(dev->number, IS_OPEN) = 0;
    pthread_mutex_destroy(&dev->lock);
    free(dev);
    return 0;
}

/* What every setter begins with. */
static int refusal(rtlsdr_dev_t *dev)
{
    if (!dev)
        return -1;
    if (!*slot(dev->number, PLUGGED) || dev->is_lost)
        return NO_DEVICE;
    return *slot(dev->number, SET_ERROR);
}

static double lo(rtlsdr_dev_t *dev, double center) { return center * (1 + (the_world.ppm - dev->ppm) * 1e-6); }

int rtlsdr_set_center_freq(rtlsdr_dev_t *dev, uint32_t hertz)
{
    int refused = refusal(dev);
    if (refused)
        return refused;
    if (hertz < 24000000u || hertz > 1766000000u) {
        if (!dev->direct) {
            fprintf(stderr, "[R82XX] PLL not locked!\n");
            return -1;
        }
    }
    sleep_s(the_world.retune_s);
    dev->center = hertz;
    *slot(dev->number, N_RETUNES) += 1;
    if (*slot(dev->number, NO_LOCK)) {
        fprintf(stderr, "[R82XX] PLL not locked!\n");
        return 0;
    }
    pthread_mutex_lock(&dev->lock);
    if (dev->n_changes == N_CHANGES)
        memmove(dev->changes, dev->changes + 1, (--dev->n_changes) * sizeof *dev->changes);
    double at = now_s();
    dev->changes[dev->n_changes++] = (struct change){at, at + the_world.settle_s, lo(dev, hertz)};
    pthread_mutex_unlock(&dev->lock);
    *slot(dev->number, CENTER) = hertz;
    return 0;
}

uint32_t rtlsdr_get_center_freq(rtlsdr_dev_t *dev) { return dev ? dev->center : 0; }

int rtlsdr_set_sample_rate(rtlsdr_dev_t *dev, uint32_t rate)
{
    int refused = refusal(dev);
    if (refused)
        return refused;
    if (rate <= 225000 || rate > 3200000 || (rate > 300000 && rate <= 900000)) {
        fprintf(stderr, "Invalid sample rate: %u Hz\n", rate);
        return -EINVAL;
    }
    pthread_mutex_lock(&dev->lock);
    if (dev->rate)
        dev->n_made = (now_s() - dev->opened_s) * dev->rate;
    dev->opened_s = now_s() - (double)dev->n_made / rate;
    dev->rate = rate;
    pthread_mutex_unlock(&dev->lock);
    *slot(dev->number, RATE) = rate;
    return 0;
}

uint32_t rtlsdr_get_sample_rate(rtlsdr_dev_t *dev) { return dev ? dev->rate : 0; }

#define SETTER(name, type, field, slot_name)                                                                          \
    int name(rtlsdr_dev_t *dev, type value)                                                                           \
    {                                                                                                                 \
        int refused = refusal(dev);                                                                                   \
        if (refused)                                                                                                  \
            return refused;                                                                                           \
        dev->field = value;                                                                                           \
        *slot(dev->number, slot_name) = value;                                                                        \
        return 0;                                                                                                     \
    }

SETTER(rtlsdr_set_tuner_gain, int, gain, GAIN)
SETTER(rtlsdr_set_tuner_gain_mode, int, gain_mode, GAIN_MODE)
SETTER(rtlsdr_set_direct_sampling, int, direct, DIRECT)

int rtlsdr_set_freq_correction(rtlsdr_dev_t *dev, int ppm)
{
    int refused = refusal(dev);
    if (refused)
        return refused;
    if (dev->ppm == ppm)
        return -2;
    dev->ppm = ppm;
    *slot(dev->number, PPM) = ppm;
    return dev->center ? rtlsdr_set_center_freq(dev, dev->center) : 0;
}

int rtlsdr_set_bias_tee_gpio(rtlsdr_dev_t *dev, int gpio, int on)
{
    int refused = refusal(dev);
    (void)gpio;
    if (!refused)
        *slot(dev->number, BIAS_TEE) = on;
    return refused;
}

int rtlsdr_set_bias_tee(rtlsdr_dev_t *dev, int on) { return rtlsdr_set_bias_tee_gpio(dev, 0, on); }
int rtlsdr_get_freq_correction(rtlsdr_dev_t *dev) { return dev ? dev->ppm : 0; }
enum rtlsdr_tuner rtlsdr_get_tuner_type(rtlsdr_dev_t *dev) { return dev ? RTLSDR_TUNER_R820T : RTLSDR_TUNER_UNKNOWN; }
int rtlsdr_get_tuner_gain(rtlsdr_dev_t *dev) { return dev ? dev->gain : 0; }
int rtlsdr_get_direct_sampling(rtlsdr_dev_t *dev) { return dev ? dev->direct : -1; }
int rtlsdr_get_offset_tuning(rtlsdr_dev_t *dev) { return dev ? dev->offset_tuning : -1; }
int rtlsdr_set_offset_tuning(rtlsdr_dev_t *dev, int on) { return on ? -2 : refusal(dev); }
int rtlsdr_set_agc_mode(rtlsdr_dev_t *dev, int on) { return (void)on, refusal(dev); }
int rtlsdr_set_tuner_if_gain(rtlsdr_dev_t *dev, int stage, int gain) { return (void)stage, (void)gain, refusal(dev); }
int rtlsdr_set_tuner_bandwidth(rtlsdr_dev_t *dev, uint32_t hertz) { return (void)hertz, refusal(dev); }
int rtlsdr_reset_buffer(rtlsdr_dev_t *dev) { return refusal(dev); }
int rtlsdr_set_testmode(rtlsdr_dev_t *dev, int on) { return dev ? (dev->test_mode = on, refusal(dev)) : -1; }

int rtlsdr_get_tuner_gains(rtlsdr_dev_t *dev, int *out)
{
    if (!dev)
        return -1;
    if (out)
        memcpy(out, gains, sizeof gains);
    return N_GAINS;
}

int rtlsdr_set_xtal_freq(rtlsdr_dev_t *dev, uint32_t rtl, uint32_t tuner)
{
    return (void)rtl, (void)tuner, refusal(dev);
}

int rtlsdr_get_xtal_freq(rtlsdr_dev_t *dev, uint32_t *rtl, uint32_t *tuner)
{
    if (!dev)
        return -1;
    *rtl = *tuner = 28800000;
    return 0;
}

int rtlsdr_write_eeprom(rtlsdr_dev_t *dev, uint8_t *data, uint8_t offset, uint16_t length)
{
    return (void)dev, (void)data, (void)offset, (void)length, -3;
}

int rtlsdr_read_eeprom(rtlsdr_dev_t *dev, uint8_t *data, uint8_t offset, uint16_t length)
{
    return (void)dev, (void)data, (void)offset, (void)length, -3;
}

/* Samples n .. n + count with the tuner as it stood when each was taken. */
static void make(rtlsdr_dev_t *dev, int64_t n, int count, uint8_t *out)
{
    pthread_mutex_lock(&dev->lock);
    struct change changes[N_CHANGES];
    int n_changes = dev->n_changes;
    memcpy(changes, dev->changes, sizeof changes);
    double opened = dev->opened_s, rate = dev->rate;
    pthread_mutex_unlock(&dev->lock);
    double gain = dev->gain_mode ? dev->gain / 10.0 : the_world.gain_reference;
    int done = 0;
    while (done < count) {
        double t = opened + (n + done) / rate;
        struct setting s = {0, rate, gain, 0};
        double until = 1e300;
        for (int i = 0; i < n_changes; i++) {
            if (changes[i].at_s <= t || i == 0) {
                s.center = changes[i].center;
                s.is_settling = t < changes[i].settled_s && i > 0;
                if (s.is_settling)
                    until = changes[i].settled_s;
            } else {
                until = fmin(until, changes[i].at_s);
            }
        }
        double left = ceil((until - t) * rate);
        int now = left < count - done ? (left < 1 ? 1 : (int)left) : count - done;
        world_make(&s, n + done, now, out + 2 * done);
        done += now;
    }
}

int rtlsdr_read_sync(rtlsdr_dev_t *dev, void *out, int length, int *n_read)
{
    int refused = refusal(dev);
    if (refused)
        return refused;
    int count = length / 2;
    dev->n_made = (now_s() - dev->opened_s) * dev->rate;
    sleep_s((double)count / dev->rate);
    make(dev, dev->n_made, count, out);
    dev->n_made += count;
    *n_read = 2 * count;
    return 0;
}

static int is_cancelled(rtlsdr_dev_t *dev) { return dev->is_cancelled && !*slot(dev->number, DEAF); }

static int is_interrupted(rtlsdr_dev_t *dev)
{
    return is_cancelled(dev) || !*slot(dev->number, PLUGGED) || *slot(dev->number, STALLED);
}

static void stream(rtlsdr_dev_t *dev, rtlsdr_read_async_cb_t callback, void *context, int buf_num, int buf_len,
                   uint8_t *buffer)
{
    int number = dev->number, count = buf_len / 2;
    dev->n_made = (now_s() - dev->opened_s) * dev->rate;
    while (!is_cancelled(dev)) {
        if (!*slot(number, PLUGGED)) {
            dev->is_lost = 1;
            return;
        }
        double rate = dev->rate;
        int64_t lose = take(number, LOSE);
        dev->n_made += lose;
        *slot(number, N_LOST) += lose;
        double late = take(number, LATE_US) * 1e-6;
        double due = dev->opened_s + (dev->n_made + count) / rate + late;
        for (double wait; (wait = due - now_s()) > 0 && !is_interrupted(dev);)
            sleep_s(wait < 0.02 ? wait : 0.02);
        if (is_cancelled(dev) || !*slot(number, PLUGGED))
            continue;
        int64_t taken = (now_s() - dev->opened_s) * rate;
        if (*slot(number, STALLED)) {
            *slot(number, N_LOST) += taken - dev->n_made > 0 ? taken - dev->n_made : 0;
            dev->n_made = taken;
            sleep_s(0.005);
            continue;
        }
        int64_t held = taken - dev->n_made - (int64_t)buf_num * count;
        if (held > 0) {
            dev->n_made += held;
            *slot(number, N_OVERRUN) += held;
        }
        int length = buf_len;
        int64_t shorter = take(number, SHORT);
        if (shorter > 0 && shorter < length)
            length = shorter;
        if (dev->test_mode)
            for (int i = 0; i < buf_len; i++)
                buffer[i] = (uint8_t)(2 * dev->n_made + i);
        else
            make(dev, dev->n_made, count, buffer);
        callback(buffer, length, context);
        dev->n_made += count;
        *slot(number, N_DELIVERED) += length / 2;
        *slot(number, N_LOST) += count - length / 2;
    }
}

int rtlsdr_read_async(rtlsdr_dev_t *dev, rtlsdr_read_async_cb_t callback, void *context, uint32_t buf_num,
                      uint32_t buf_len)
{
    if (!dev)
        return -1;
    if (dev->is_running)
        return -2;
    if (!buf_num)
        buf_num = 15;
    if (!buf_len || buf_len % 512)
        buf_len = 16 * 32 * 512;
    *slot(dev->number, BUF_NUM) = buf_num;
    *slot(dev->number, BUF_LEN) = buf_len;
    dev->is_cancelled = 0;
    dev->is_running = 1;
    *slot(dev->number, IS_STREAMING) = 1;
    uint8_t *buffer = malloc(buf_len);
    stream(dev, callback, context, buf_num, buf_len, buffer);
    free(buffer);
    *slot(dev->number, IS_STREAMING) = 0;
    dev->is_running = 0;
    return 0;
}

int rtlsdr_wait_async(rtlsdr_dev_t *dev, rtlsdr_read_async_cb_t callback, void *context)
{
    return rtlsdr_read_async(dev, callback, context, 0, 0);
}

int rtlsdr_cancel_async(rtlsdr_dev_t *dev)
{
    if (!dev)
        return -1;
    if (!dev->is_running)
        return INACTIVE;
    dev->is_cancelled = 1;
    return 0;
}
