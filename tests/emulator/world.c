/* What there is to hear. One fact a line:
 *
 *   devices 2                 serial 1 00000002
 *   noise_dbfs -40            dc_dbfs -35
 *   imbalance 0.3 2           decibels, degrees: the mirror at -f
 *   retune_ms 8               what setting the tuner takes
 *   settle_ms 4               how long there is nothing but noise after it
 *   image 1815000 35          the tuner's image: its IF, decibels below
 *   gain_reference 30         levels hold at this gain
 *   ppm 20                    the crystal's error
 *   counter                   no radio: samples tell their own number
 *   emitter 433950000 -20 fsk 1.0 0.5 2.0 1200 4500
 *           hertz dBFS kind start burst period rate deviation; burst 0: for ever
 *
 * A device's samples depend on their number and its setting alone.
 */
#include "emulator.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TABLE (1 << 16)

struct world the_world;
static float noise_table[2 * TABLE];

static uint64_t mix(uint64_t x)
{
    x += 0x9e3779b97f4a7c15ull;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ull;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebull;
    return x ^ (x >> 31);
}

static double uniform(uint64_t x) { return ((mix(x) >> 11) + 0.5) / 9007199254740992.0; }

static enum kind kind_of(const char *name)
{
    static const char *names[] = {"carrier", "ook", "fsk", "nfm", "wide"};
    for (int i = 0; i < 5; i++)
        if (!strcmp(name, names[i]))
            return (enum kind)i;
    fprintf(stderr, "emulator: unknown kind %s\n", name);
    exit(2);
}

static void read_line(struct world *w, const char *line)
{
    double a, b, start, burst, period, rate = 1000, deviation = 0;
    char kind[32], serial[64];
    int number;
    if (sscanf(line, "devices %d", &number) == 1)
        w->n_devices = number < MAX_DEVICES ? number : MAX_DEVICES;
    else if (sscanf(line, "serial %d %63s", &number, serial) == 2 && number >= 0 && number < MAX_DEVICES)
        strcpy(w->serial[number], serial);
    else if (sscanf(line, "noise_dbfs %lf", &a) == 1)
        w->noise_dbfs = a;
    else if (sscanf(line, "dc_dbfs %lf", &a) == 1)
        w->dc_dbfs = a;
    else if (sscanf(line, "imbalance %lf %lf", &a, &b) == 2)
        w->imbalance_gain = pow(10, a / 20), w->imbalance_phase = b * M_PI / 180;
    else if (sscanf(line, "retune_ms %lf", &a) == 1)
        w->retune_s = a / 1e3;
    else if (sscanf(line, "settle_ms %lf", &a) == 1)
        w->settle_s = a / 1e3;
    else if (sscanf(line, "image %lf %lf", &a, &b) == 2)
        w->image_if = a, w->image_gain = pow(10, -b / 20);
    else if (sscanf(line, "gain_reference %lf", &a) == 1)
        w->gain_reference = a;
    else if (sscanf(line, "ppm %lf", &a) == 1)
        w->ppm = a;
    else if (!strncmp(line, "counter", 7))
        w->counter = 1;
    else if (sscanf(line, "emitter %lf %lf %31s %lf %lf %lf %lf %lf", &a, &b, kind, &start, &burst, &period, &rate,
                    &deviation) >= 6) {
        if (w->n_emitters < MAX_EMITTERS)
            w->emitters[w->n_emitters++] =
                (struct emitter){a, pow(10, b / 20), kind_of(kind), start, burst, period, rate, deviation};
    } else if (line[0] != '#' && line[0] != '\n') {
        fprintf(stderr, "emulator: not understood: %s", line);
        exit(2);
    }
}

void world_load(void)
{
    struct world *w = &the_world;
    *w = (struct world){.n_devices = 1, .noise_dbfs = -40, .dc_dbfs = -200, .imbalance_gain = 1,
                        .retune_s = 0.005, .settle_s = 0.003, .gain_reference = 30};
    for (int i = 0; i < MAX_DEVICES; i++)
        snprintf(w->serial[i], sizeof w->serial[i], "%08d", i + 1);
    const char *path = getenv("RTL_EMULATOR_WORLD");
    FILE *file = path ? fopen(path, "r") : NULL;
    char line[512];
    while (file && fgets(line, sizeof line, file))
        read_line(w, line);
    if (file)
        fclose(file);
    for (int i = 0; i < TABLE; i++) {
        double r = sqrt(-log(uniform(2 * i))), turn = 2 * M_PI * uniform(2 * i + 1);
        noise_table[2 * i] = r * cos(turn);
        noise_table[2 * i + 1] = r * sin(turn);
    }
}

/* Amplitude and phase of a sender at second t of its own; 0 if it is silent. */
static double keyed(const struct emitter *e, double t, double *since)
{
    if (t < e->start_s)
        return 0;
    t -= e->start_s;
    *since = e->burst_s > 0 && e->period_s > 0 ? fmod(t, e->period_s) : t;
    return e->burst_s <= 0 || *since < e->burst_s;
}

static void add_emitter(const struct emitter *e, double offset, double gain, int mirrored, double rate, int64_t n,
                        int count, float *iq)
{
    uint64_t salt = (uint64_t)e->frequency * 2654435761u;
    double turns = fmod(offset * (double)n / rate, 1.0);
    double re = cos(2 * M_PI * turns), im = sin(2 * M_PI * turns);
    double step_re = cos(2 * M_PI * offset / rate), step_im = sin(2 * M_PI * offset / rate);
    double since = 0, on = keyed(e, n / rate, &since);
    double phase = 0;
    int64_t symbol_now = -1;
    double shift = 0, level = 1;
    for (int i = 0; i < count; i++) {
        if ((i & 63) == 0)
            on = keyed(e, (n + i) / rate, &since);
        double a = on ? gain * e->amplitude : 0;
        if (a > 0 && e->kind != CARRIER) {
            double t = since + (i & 63) / rate;
            int64_t symbol = (int64_t)(t * e->parameter);
            if (symbol != symbol_now && e->kind != NFM) {
                symbol_now = symbol;
                double bit = mix(salt + symbol) & 1 ? 1 : -1;
                shift = e->kind == FSK ? bit * e->deviation : 0;
                level = e->kind == OOK ? (bit + 1) / 2 : 1;
            }
            if (e->kind == NFM)
                shift = e->deviation * sin(2 * M_PI * e->parameter * t);
            if (e->kind == WIDE)
                shift = (uniform(salt + n + i) - 0.5) * e->deviation;
            phase += 2 * M_PI * shift / rate;
            a *= level;
        }
        double c = a * re, s = a * im;
        if (phase != 0) {
            double pc = cos(phase), ps = mirrored ? -sin(phase) : sin(phase);
            double t = c * pc - s * ps;
            s = c * ps + s * pc;
            c = t;
        }
        iq[2 * i] += c;
        iq[2 * i + 1] += s;
        double t = re * step_re - im * step_im;
        im = re * step_im + im * step_re;
        re = t;
    }
}

static uint8_t eight_bits(float x)
{
    float v = rintf(x * 127.5f + 127.5f);
    return v < 0 ? 0 : v > 255 ? 255 : (uint8_t)v;
}

#define STRETCH 4096

static void make_stretch(const struct setting *s, int64_t n, int count, uint8_t *out)
{
    const struct world *w = &the_world;
    float iq[2 * STRETCH];
    double gain = pow(10, (s->gain_db - w->gain_reference) / 20);
    float noise = pow(10, w->noise_dbfs / 20) * gain;
    /* Each sample is drawn by itself: stretches of a table would repeat, and their ripple stand out of a long mean. */
    for (int i = 0; i < count; i++) {
        const float *drawn = noise_table + 2 * (mix(n + i) % TABLE);
        iq[2 * i] = noise * drawn[0];
        iq[2 * i + 1] = noise * drawn[1];
    }
    for (int k = 0; k < w->n_emitters && !s->is_settling; k++) {
        const struct emitter *e = &w->emitters[k];
        double offset = e->frequency - s->center;
        if (fabs(offset) < s->rate / 2)
            add_emitter(e, offset, gain, 0, s->rate, n, count, iq);
        double image = 2 * w->image_if - offset;
        if (w->image_if > 0 && fabs(image) < s->rate / 2)
            add_emitter(e, image, gain * w->image_gain, 1, s->rate, n, count, iq);
    }
    float dc = pow(10, w->dc_dbfs / 20) / sqrt(2);
    float straight = w->imbalance_gain * cos(w->imbalance_phase);
    float crossed = w->imbalance_gain * sin(w->imbalance_phase);
    for (int i = 0; i < count; i++) {
        float a = iq[2 * i], b = straight * iq[2 * i + 1] + crossed * a;
        out[2 * i] = eight_bits(a + dc);
        out[2 * i + 1] = eight_bits(b + dc);
    }
}

void world_make(const struct setting *s, int64_t n, int count, uint8_t *out)
{
    if (the_world.counter) {
        for (int i = 0; i < count; i++) {
            out[2 * i] = (uint8_t)(n + i);
            out[2 * i + 1] = (uint8_t)((n + i) >> 8);
        }
        return;
    }
    for (int done = 0; done < count; done += STRETCH) {
        int now = count - done < STRETCH ? count - done : STRETCH;
        make_stretch(s, n + done, now, out + 2 * done);
    }
}
