/* An emulated librtlsdr: the public API of osmocom's rtl-sdr.h (Debian's 0.6), receivers made of arithmetic.
 *
 *   RTL_EMULATOR_WORLD    what there is to hear: see world.c
 *   RTL_EMULATOR_CONTROL  a file of MAX_DEVICES * N_SLOTS int64, mapped: a test writes faults into it while
 *                         the receiver runs, and reads what happened
 *
 * Time is real: a buffer is due when its last sample is. Who calls back too late loses samples, as on USB.
 */
#ifndef EMULATOR_H
#define EMULATOR_H

#include <stdint.h>

#define MAX_DEVICES 16
#define MAX_EMITTERS 64
#define N_SLOTS 32

enum slot {
    /* written by the test */
    PLUGGED,     /* 0: gone */
    STALLED,     /* 1: no data, no error */
    LOSE,        /* samples to lose once */
    SHORT,       /* bytes of the next buffer, once */
    NO_LOCK,     /* 1: retunes are accepted and do nothing */
    OPEN_ERROR,  /* returned by rtlsdr_open */
    SET_ERROR,   /* returned by every setter */
    DEAF,        /* 1: cancelling does nothing: the driver hangs */
    LATE_US,     /* the next buffer comes so much later, once, and nothing is lost */
    /* written by the emulator */
    N_DELIVERED = 16,
    N_LOST,      /* by LOSE, and while stalled or unplugged */
    N_OVERRUN,   /* because the callback was late */
    IS_OPEN,
    CENTER,
    RATE,
    GAIN,
    GAIN_MODE,
    IS_STREAMING,
    N_RETUNES,
    BIAS_TEE,
    DIRECT,
    PPM,
    BUF_NUM,
    BUF_LEN,
};

enum kind { CARRIER, OOK, FSK, NFM, WIDE };

struct emitter {
    double frequency, amplitude;
    enum kind kind;
    double start_s, burst_s, period_s;
    double parameter; /* symbols a second, or the tone of NFM */
    double deviation;
};

struct world {
    int n_devices;
    char serial[MAX_DEVICES][64];
    double noise_dbfs, dc_dbfs;
    double imbalance_gain, imbalance_phase;
    double retune_s, settle_s;
    double image_if, image_gain;
    double gain_reference;
    double ppm;
    int counter; /* 1: I and Q are the low and high byte of the sample's number */
    int n_emitters;
    struct emitter emitters[MAX_EMITTERS];
};

/* What one stretch of samples is made with. */
struct setting {
    double center, rate, gain_db;
    int is_settling;
};

extern struct world the_world;
void world_load(void);
/* Samples n .. n + count of the device's own time, as 8 bit pairs. */
void world_make(const struct setting *setting, int64_t n, int count, uint8_t *out);

#endif
