#include "client/run/reply.h"

#include <string.h>

#include "common/search/network.h"

#define REFUSED "the service's answer is not accepted: "

enum {
    LONGEST_VALUE = 100000, /* Linux takes words of at most 128 KiB (MAX_ARG_STRLEN) */
    LONGEST_LABEL = 63,     /* RFC 1123 */
    LONGEST_SETTING = 1 << 16,
    LONGEST_NAME = 253, /* of settings and of an architecture's parameters: a DNS name's length */
    MOST_SETTINGS = 1000,
};

/* ---- texts ---- */

#define DIGITS "0123456789"
#define LETTERS "abcdefghijklmnopqrstuvwxyz"
#define CAPITALS "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
static const char word_characters[] = DIGITS LETTERS CAPITALS "-_.";

static bool consists_of(const char *text, const char *accepted) {
    return text[strspn(text, accepted)] == '\0';
}

static bool is_label(const char *text) {
    size_t n = strlen(text);
    return n > 0 && n <= LONGEST_LABEL && consists_of(text, DIGITS LETTERS "-") && text[0] != '-' &&
           text[n - 1] != '-';
}

/* Whether |text| is at most |longest| bytes without a control character. */
static bool is_line(const char *text, size_t longest) {
    for (size_t i = 0; text[i]; i++) {
        if (i == longest || (unsigned char)text[i] < 0x20 || text[i] == 0x7f) {
            return false;
        }
    }
    return true;
}

static bool is_one_of(const char *text, const char *const *list, size_t n) {
    for (size_t i = 0; i < n; i++) {
        if (!strcmp(text, list[i])) {
            return true;
        }
    }
    return false;
}

/* ---- values of parameters ---- */

static enum mu_status wrong_value(const struct mu_pair *pair, struct mu_error *error) {
    return mu_fail(error, MU_INTERNAL,
        REFUSED "%.100s = \"%.100s\" is outside the parameter's feasible space", pair->name,
        pair->value);
}

/* The text of |pair|'s value that may go on: of a list its own; a number as it is, without blanks.
 */
static enum mu_status check_value(
    const struct mu_parameter *p, struct mu_pair *pair, struct mu_error *error) {
    double x;
    if (strlen(pair->value) > LONGEST_VALUE || !mu_parameter_parse(p, pair->value, &x)) {
        return wrong_value(pair, error);
    }
    if (p->list) {
        pair->value = p->list[(size_t)x];
        return MU_OK;
    }
    return consists_of(pair->value, DIGITS "+-.eE") ? MU_OK : wrong_value(pair, error);
}

static const char *assigned(const struct mu_suggestion *s, const char *name) {
    for (size_t i = 0; i < s->n_assignments; i++) {
        if (!strcmp(s->assignments[i].name, name)) {
            return s->assignments[i].value;
        }
    }
    return NULL;
}

/* Exactly the parameters of |space|, once each. */
static enum mu_status check_point(const struct mu_space *space, struct mu_suggestion *s,
    struct mu_arena *arena, struct mu_error *error) {
    struct mu_pair *pairs = MU_ARRAY(arena, s->n_assignments, struct mu_pair);
    for (size_t i = 0; i < s->n_assignments; i++) {
        pairs[i] = s->assignments[i];
        ptrdiff_t at = mu_space_find(space, pairs[i].name);
        if (at < 0) {
            return mu_fail(error, MU_INTERNAL, REFUSED "the experiment has no parameter \"%.100s\"",
                pairs[i].name);
        }
        if (check_value(&space->parameters[at], &pairs[i], error) != MU_OK) {
            return error->code;
        }
    }
    for (size_t j = 0; j < space->n; j++) {
        if (!assigned(s, space->parameters[j].name)) {
            return mu_fail(error, MU_INTERNAL, REFUSED "a suggestion has no value for %.100s",
                space->parameters[j].name);
        }
    }
    if (s->n_assignments > space->n) {
        return mu_fail(error, MU_INTERNAL, REFUSED "a suggestion has a parameter twice");
    }
    s->assignments = pairs;
    return MU_OK;
}

/* ---- values of architectures ---- */

/* What the services of architecture searches answer with. */
static const struct {
    const char *algorithm, *names[3];
    size_t n;
} architectures[] = {
    {"enas", {"architecture", "nn_config"}, 2},
    {"darts", {"algorithm-settings", "search-space", "num-layers"}, 3},
};

/* The bytes that values may hold. */
struct alphabet {
    bool has[256];
};

static void allow(struct alphabet *alphabet, const char *text) {
    for (; text && *text; text++) {
        alphabet->has[(unsigned char)*text] = true;
    }
}

static void allow_parameter(struct alphabet *alphabet, const struct mu_parameter_text *p) {
    const char *const texts[] = {p->name, p->min, p->max, p->step};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        allow(alphabet, texts[i]);
    }
    for (size_t i = 0; i < p->n_list; i++) {
        allow(alphabet, p->list[i]);
    }
}

/* JSON's punctuation, words, and what the experiment's author wrote. */
static struct alphabet alphabet_of(const struct cl_experiment *e) {
    struct alphabet alphabet = {{false}};
    allow(&alphabet, word_characters);
    allow(&alphabet, "[]{}:,'+ ");
    for (size_t i = 0; i < e->n_settings; i++) {
        allow(&alphabet, e->settings[i].name);
        allow(&alphabet, e->settings[i].value);
    }
    for (size_t i = 0; i < e->network.n_operations; i++) {
        const struct mu_operation *o = &e->network.operations[i];
        allow(&alphabet, o->type);
        for (size_t k = 0; k < o->n_parameters; k++) {
            allow_parameter(&alphabet, &o->parameters[k]);
        }
    }
    for (const char *c = "\"\\$`"; *c; c++) { /* never: see mu_text_travels */
        alphabet.has[(unsigned char)*c] = false;
    }
    return alphabet;
}

static bool is_written_in(const struct alphabet *alphabet, const char *text) {
    while (alphabet->has[(unsigned char)*text]) {
        text++;
    }
    return *text == '\0';
}

static bool is_known_name(const struct cl_experiment *e, const char *name) {
    for (size_t i = 0; i < sizeof architectures / sizeof *architectures; i++) {
        if (!strcmp(architectures[i].algorithm, e->algorithm)) {
            return is_one_of(name, architectures[i].names, architectures[i].n);
        }
    }
    return *name && is_line(name, LONGEST_NAME) && consists_of(name, word_characters);
}

static enum mu_status check_architecture(const struct cl_experiment *e,
    const struct alphabet *alphabet, const struct mu_suggestion *s, struct mu_error *error) {
    for (size_t i = 0; i < s->n_assignments; i++) {
        const struct mu_pair *pair = &s->assignments[i];
        if (!is_known_name(e, pair->name)) {
            return mu_fail(error, MU_INTERNAL, REFUSED "%s has no parameter \"%.100s\"",
                e->algorithm, pair->name);
        }
        if (assigned(s, pair->name) != pair->value) {
            return mu_fail(error, MU_INTERNAL, REFUSED "a suggestion has %.100s twice", pair->name);
        }
        if (!is_line(pair->value, LONGEST_VALUE) || !is_written_in(alphabet, pair->value)) {
            return mu_fail(error, MU_INTERNAL,
                REFUSED "%.100s = \"%.100s\" is too long, or holds a character that no "
                        "architecture of the experiment is written with",
                pair->name, pair->value);
        }
    }
    return MU_OK;
}

/* ---- the whole ---- */

static enum mu_status check_assignments(const struct cl_experiment *e, struct mu_reply *reply,
    struct mu_arena *arena, struct mu_error *error) {
    struct mu_space space = {0};
    struct alphabet alphabet = alphabet_of(e);
    enum mu_status status =
        e->network.present ? MU_OK
                           : mu_space_init(&space, e->parameters, e->n_parameters, arena, error);
    for (size_t i = 0; i < reply->n && status == MU_OK; i++) {
        struct mu_suggestion *s = &reply->suggestions[i];
        status = e->network.present ? check_architecture(e, &alphabet, s, error)
                                    : check_point(&space, s, arena, error);
    }
    return status;
}

static enum mu_status check_names(
    const struct cl_taken_names *taken, const struct mu_reply *reply, struct mu_error *error) {
    for (size_t i = 0; i < reply->n; i++) {
        const char *name = reply->suggestions[i].trial_name;
        if (!name != !reply->suggestions[0].trial_name) {
            return mu_fail(error, MU_INTERNAL, REFUSED "it names some trials and not others");
        }
        if (name && !is_label(name)) {
            return mu_fail(
                error, MU_INTERNAL, REFUSED "the trial name \"%.100s\" is no DNS label", name);
        }
        bool known = name && is_one_of(name, taken->names, taken->n);
        for (size_t k = 0; name && k < i && !known; k++) {
            known = !strcmp(name, reply->suggestions[k].trial_name);
        }
        if (known) {
            return mu_fail(error, MU_INTERNAL, REFUSED "there is a trial called %s already", name);
        }
    }
    return MU_OK;
}

static enum mu_status check_settings(const struct mu_reply *reply, struct mu_error *error) {
    if (reply->n_settings > MOST_SETTINGS) {
        return mu_fail(error, MU_INTERNAL, REFUSED "it has %zu settings, more than %d",
            reply->n_settings, MOST_SETTINGS);
    }
    for (size_t i = 0; i < reply->n_settings; i++) {
        const struct mu_pair *setting = &reply->settings[i];
        if (!*setting->name || !is_line(setting->name, LONGEST_NAME) ||
            !is_line(setting->value, LONGEST_SETTING)) {
            return mu_fail(error, MU_INTERNAL,
                REFUSED "the setting \"%.100s\" is too long or holds control characters",
                setting->name);
        }
    }
    return MU_OK;
}

enum mu_status cl_reply_check(const struct cl_experiment *e, const struct cl_taken_names *taken,
    size_t wanted, struct mu_reply *reply, struct mu_arena *arena, struct mu_error *error) {
    if (reply->n != wanted) {
        return mu_fail(
            error, MU_INTERNAL, REFUSED "%zu suggestions instead of %zu", reply->n, wanted);
    }
    enum mu_status status = check_settings(reply, error);
    status = status ? status : check_names(taken, reply, error);
    return status ? status : check_assignments(e, reply, arena, error);
}
