/* Parameters: reading, coordinates, printing, and the mistakes that users make. */
#include "common/search/parameter.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/arena.h"

static struct mu_error error;

static struct mu_parameter make(struct mu_parameter_text text) {
    struct mu_parameter p;
    text.name = "p";
    if (mu_parameter_init(&p, &text, arena, &error)) {
        fail_msg("%s", error.text);
    }
    return p;
}

#define NUMBER(t, lo, hi, s, d)      \
    make((struct mu_parameter_text){ \
        .type = (t), .min = (lo), .max = (hi), .step = (s), .distribution = (d)})

static const char *text_at(const struct mu_parameter *p, double x) {
    return mu_parameter_print(p, x, arena);
}

static void shortest_texts(void **state) {
    (void)state;
    static const struct {
        double value;
        const char *text;
    } CASES[] = {{0.1, "0.1"}, {1, "1.0"}, {1e-5, "1e-05"}, {0.0001, "0.0001"}, {1e16, "1e+16"},
        {1e15, "1000000000000000.0"}, {123456.75, "123456.75"}, {-0.05, "-0.05"},
        {5e-324, "5e-324"}, {1.7976931348623157e308, "1.7976931348623157e+308"}, {0, "0.0"},
        {1.5e-7, "1.5e-07"}, {0.30000000000000004, "0.30000000000000004"},
        {100, "100.0"}}; /* Python's repr */
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        char text[32];
        mu_print_double(CASES[i].value, text);
        assert_string_equal(text, CASES[i].text);
    }
}

static void numbers_read_strictly(void **state) {
    (void)state;
    double v;
    assert_true(mu_read_double(".5", &v) && v == 0.5);
    assert_true(mu_read_double(" 1e-5 ", &v) && v == 1e-5);
    static const char *const BAD[] = {
        "", " ", "nan", "inf", "-inf", "0x10", "1,5", "1.0a", "1e999", "unavailable", "1 2"};
    for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++) {
        assert_false(mu_read_double(BAD[i], &v));
    }
}

static void grids_hold_both_ends(void **state) {
    (void)state;
    static const struct {
        int type;
        const char *min, *max, *step;
        uint64_t levels;
        const char *first, *second, *last;
    } CASES[] = {
        {MU_INT, "1", "3", "", 3, "1", "2", "3"},
        {MU_INT, "1", "10", "4", 3, "1", "5", "9"},
        {MU_INT, "1", "5", "0.8", 5, "1", "2", "5"},
        {MU_DOUBLE, "0", "0.3", "0.1", 4, "0.0", "0.1", "0.3"},
        {MU_DOUBLE, "0.01", "0.05", "0.02", 3, "0.01", "0.03", "0.05"},
        {MU_DOUBLE, "0.001", "0.01", "0.001", 10, "0.001", "0.002", "0.01"},
        {MU_DOUBLE, "-0.5", "0.5", "0.1", 11, "-0.5", "-0.4", "0.5"},
        {MU_DOUBLE, "1", "11", "2.5", 5, "1.0", "3.5", "11.0"},
        {MU_DOUBLE, "1e-5", "3e-5", "1e-5", 3, "1e-05", "2e-05", "3e-05"},
        {MU_INT, "-5", "-5", "", 1, "-5", "-5", "-5"},
        {MU_INT, "0", "3999999999", "2000000000", 2, "0", "2000000000",
            "2000000000"}, /* max just short of a step */
        {MU_INT, "1", "1000000000000", "10", 100000000000, "1", "11", "999999999991"},
        {MU_DOUBLE, "0", "0.9999999999", "0.1", 10, "0.0", "0.1", "0.9"},
        {MU_DOUBLE, "1000000", "1000000.7", "0.1", 8, "1000000.0", "1000000.1",
            "1000000.7"}, /* min much larger than the step */
        {MU_DOUBLE, "10000", "10000.0001", "0.0001", 2, "10000.0", "10000.0001", "10000.0001"},
        {MU_DOUBLE, "100", "100.00003", "1e-5", 4, "100.0", "100.00001", "100.00003"},
        {MU_INT, "9007199254740993", "9007199254740993", "", 1, "9007199254740993",
            "9007199254740993", "9007199254740993"},
        {MU_INT, "9223372036854775806", "9223372036854775807", "", 2, "9223372036854775806",
            "9223372036854775807", "9223372036854775807"},
        {MU_INT, "-9223372036854775808", "9223372036854775807", "9223372036854775807", 3,
            "-9223372036854775808", "-1", "9223372036854775806"},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        struct mu_parameter p = NUMBER(CASES[i].type, CASES[i].min, CASES[i].max, CASES[i].step, 0);
        assert_int_equal(p.levels, CASES[i].levels);
        assert_string_equal(text_at(&p, 0), CASES[i].first);
        assert_string_equal(text_at(&p, p.levels > 1), CASES[i].second);
        assert_string_equal(text_at(&p, (double)(p.levels - 1)), CASES[i].last);
    }
}

static const struct mu_parameter_text SHAPES[] = {
    {.type = MU_DOUBLE, .min = "0", .max = "1"},
    {.type = MU_DOUBLE, .min = "-1e308", .max = "1e308"},
    {.type = MU_DOUBLE, .min = "1e-300", .max = "1e300", .distribution = MU_LOG_UNIFORM},
    {.type = MU_DOUBLE, .min = "1e-310", .max = "2e-310"},
    {.type = MU_DOUBLE, .min = "-3", .max = "5", .distribution = MU_NORMAL},
    {.type = MU_DOUBLE, .min = "0.1", .max = "10", .distribution = MU_LOG_NORMAL},
    {.type = MU_DOUBLE, .min = "0.1", .max = "10", .step = "0.1", .distribution = MU_LOG_NORMAL},
    {.type = MU_DOUBLE,
        .min = "0.001",
        .max = "1",
        .step = "0.001",
        .distribution = MU_LOG_UNIFORM},
    {.type = MU_INT, .min = "32", .max = "64", .distribution = MU_LOG_NORMAL},
    {.type = MU_INT, .min = "1", .max = "3", .distribution = MU_LOG_UNIFORM},
    {.type = MU_INT, .min = "-9223372036854775808", .max = "9223372036854775807"},
    {.type = MU_INT, .min = "0", .max = "100", .step = "7", .distribution = MU_NORMAL},
    {.type = MU_DISCRETE, .list = (const char *const[]){"100", "1", "0.5", "16.0"}, .n_list = 4},
    {.type = MU_CATEGORICAL, .list = (const char *const[]){"sgd", "adam", "sgd", ""}, .n_list = 4},
};

/* Every u gives a value inside the space; its text reads back to the same coordinate; cells tile
 * [0, 1]. */
static void coordinates_survive_the_round_trip(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof SHAPES / sizeof *SHAPES; i++) {
        struct mu_parameter p = make(SHAPES[i]);
        for (int k = 0; k <= 1000; k++) {
            double u = k / 1000.0;
            double x = mu_parameter_at(&p, u);
            double back = -1;
            double value = mu_parameter_value(&p, x);
            assert_true(p.list || (value >= p.min && value <= p.max));
            assert_true(mu_parameter_parse(&p, text_at(&p, x), &back));
            assert_true(p.levels && p.levels < 1u << 20
                            ? back == x
                            : fabs(back - x) < 1e-9 * (p.levels ? (double)p.levels : 1));
            if (p.levels > 1 && p.levels < 1u << 20) {
                assert_true(mu_parameter_edge(&p, (uint64_t)x) <= u + 1e-12 &&
                            u <= mu_parameter_edge(&p, (uint64_t)x + 1) + 1e-12);
                assert_true(mu_parameter_at(&p, mu_parameter_unit(&p, x)) == x);
            }
        }
    }
}

/* Ints of more values than doubles count: on the grid, drawn as declared (the distribution function
 * of the log-uniform is known), and one coordinate for each text wherever coordinates tell texts
 * apart. */
static void ints_of_64_bits(void **state) {
    (void)state;
    struct mu_parameter p = NUMBER(MU_INT, "7", "4611686018427387904", "100", 0);
    struct mu_parameter log_uniform =
        NUMBER(MU_INT, "1", "9223372036854775807", "", MU_LOG_UNIFORM);
    assert_int_equal(p.levels, 0);
    for (int i = 0; i <= 1000; i++) {
        const char *text = text_at(&p, mu_parameter_at(&p, i / 1000.0));
        assert_int_equal(atoll(text) % 100, 7);
        assert_true(atoll(text) >= 7 && atoll(text) <= 4611686018427387904);
    }
    for (long long value = 1; value < 1 << 20; value *= 2) {
        double edge = log((double)value + 0.5);
        double low = log(0.5);
        double u = (edge - low) / (log(0x1p63) - low);
        double below = mu_parameter_at(&log_uniform, u - 1e-12);
        double above = mu_parameter_at(&log_uniform, u + 1e-12);
        assert_int_equal(atoll(text_at(&log_uniform, below)), value);
        assert_int_equal(atoll(text_at(&log_uniform, above)), value + 1);
        assert_true(below == mu_parameter_at(
                                 &log_uniform, u - 1e-8)); /* the same text, the same coordinate */
    }
}

/* Steps that doubles cannot count: where neighbouring ones are told apart, a value is one of them,
 * with one coordinate for its text. */
static void steps_that_are_too_many_to_count(void **state) {
    (void)state;
    static const int KINDS[] = {MU_UNIFORM, MU_LOG_UNIFORM, MU_LOG_NORMAL};
    for (size_t k = 0; k < sizeof KINDS / sizeof *KINDS; k++) {
        struct mu_parameter p = NUMBER(MU_DOUBLE, "0.001", "1e14", "0.003", KINDS[k]);
        assert_int_equal(p.levels, 0);
        for (int i = 0; i <= 1000; i++) {
            double x = mu_parameter_at(&p, i / 1000.0);
            double back;
            const char *text = text_at(&p, x);
            double value = strtod(text, NULL);
            assert_true(value >= p.min && value <= p.max);
            assert_true(mu_parameter_parse(&p, text, &back) && fabs(back - x) < 1e-12);
            assert_true(value > 1e10 || llround(value * 1000) % 3 == 1);
            assert_true(value > 1e10 || fabs(value - (double)llround(value * 1000) / 1000) == 0);
        }
    }
    struct mu_parameter endless = NUMBER(MU_DOUBLE, "1", "1e300", "1e-300", MU_LOG_UNIFORM);
    assert_true(fabs(mu_parameter_value(&endless, 0.5) / 1e150 - 1) < 1e-9);
}

/* Ranges of few doubles, without a step: one coordinate for each text, which it reads back to.
 * Between 1 and the fourth double after it all five are met. */
static void narrow_ranges_repeat_no_text(void **state) {
    (void)state;
    static const char *const RANGES[][2] = {{"1", "1.0000000000000009"}, {"3", "3.00000000000001"},
        {"1000", "1000.0000000000023"}, {"123456", "123456.000000001"},
        {"1000000000000000", "1000000000000007.5"}};
    for (size_t r = 0; r < sizeof RANGES / sizeof *RANGES; r++) {
        for (int distribution = MU_UNIFORM; distribution <= MU_LOG_UNIFORM; distribution++) {
            struct mu_parameter p = NUMBER(MU_DOUBLE, RANGES[r][0], RANGES[r][1], "", distribution);
            size_t met = 0;
            double last = -1;
            double back;
            for (int i = 0; i <= 20000; i++) {
                double x = mu_parameter_at(&p, i / 20000.0);
                assert_true(
                    mu_parameter_parse(&p, text_at(&p, x), &back) && back == x && x >= last);
                met += x > last;
                last = x;
            }
            assert_true(r > 0 || distribution == MU_LOG_UNIFORM || met == 5);
        }
    }
}

static void lists_are_ordered_by_number_and_printed_verbatim(void **state) {
    (void)state;
    struct mu_parameter p = make(SHAPES[12]);
    assert_int_equal(p.levels, 4);
    assert_string_equal(text_at(&p, 0), "0.5");
    assert_string_equal(text_at(&p, 2), "16.0");
    double x;
    assert_true(mu_parameter_parse(&p, "16", &x) && x == 2);
    assert_false(mu_parameter_parse(&p, "17", &x));
    struct mu_parameter c = make(SHAPES[13]);
    assert_int_equal(c.levels, 3); /* "sgd" twice is one value */
    assert_true(mu_parameter_parse(&c, "", &x) && x == 2);
    assert_false(mu_parameter_parse(&c, "rmsprop", &x));
}

static void values_outside_are_no_values(void **state) {
    (void)state;
    struct mu_parameter p = NUMBER(MU_DOUBLE, "0.01", "0.05", "", 0);
    double x;
    assert_false(mu_parameter_parse(&p, "0.051", &x));
    assert_false(mu_parameter_parse(&p, "nan", &x));
    assert_true(mu_parameter_parse(&p, "0.05", &x) && x == 1);
    struct mu_parameter grid = NUMBER(MU_DOUBLE, "0", "1", "0.25", 0);
    assert_false(mu_parameter_parse(&grid, "0.3", &x));
    assert_true(mu_parameter_parse(&grid, "0.75", &x) && x == 3);
    struct mu_parameter whole = NUMBER(MU_INT, "1", "9", "", 0);
    assert_true(mu_parameter_parse(&whole, "3.0", &x) && x == 2);
    assert_false(mu_parameter_parse(&whole, "3.5", &x));
}

static void mistakes_are_named(void **state) {
    (void)state;
    const struct {
        struct mu_parameter_text text;
        const char *names; /* what the error must contain */
    } CASES[] = {
        {{.name = "lr", .type = MU_DOUBLE, .min = "1", .max = "0"},
            "parameter lr: min \"1\" is greater than max \"0\""},
        {{.name = "lr", .type = MU_DOUBLE, .min = "a", .max = "0"}, "min \"a\""},
        {{.name = "lr", .type = MU_DOUBLE, .min = "0", .max = "inf"}, "max \"inf\""},
        {{.name = "lr", .type = MU_DOUBLE, .min = "0"}, "max \"\" is missing"},
        {{.name = "lr", .type = MU_DOUBLE, .min = "0", .max = "1", .step = "0"}, "step \"0\""},
        {{.name = "lr", .type = MU_DOUBLE, .min = "0", .max = "1", .step = "-1"}, "step \"-1\""},
        {{.name = "lr", .type = MU_DOUBLE, .min = "0", .max = "1", .step = "x"}, "step \"x\""},
        {{.name = "n", .type = MU_INT, .min = "0.5", .max = "1"}, "min \"0.5\" is not an integer"},
        {{.name = "n", .type = MU_INT, .min = "0", .max = "1e30"}, "max \"1e30\""},
        {{.name = "lr", .type = MU_DOUBLE, .min = "0", .max = "1", .distribution = MU_LOG_UNIFORM},
            "min \"0\" must be greater than zero"},
        {{.name = "lr", .type = MU_INT, .min = "-1", .max = "1", .distribution = MU_LOG_NORMAL},
            "min \"-1\""},
        {{.name = "c", .type = MU_CATEGORICAL}, "parameter c: list is empty"},
        {{.name = "d", .type = MU_DISCRETE, .list = (const char *const[]){"1", "big"}, .n_list = 2},
            "list entry \"big\""},
        {{.name = "u", .type = 0, .min = "0", .max = "1"}, "parameter u: parameter_type 0"},
        {{.name = "u", .type = 77, .min = "0", .max = "1"}, "parameter_type 77"},
        {{.name = "u", .type = MU_DOUBLE, .min = "0", .max = "1", .distribution = 9},
            "distribution 9"},
        {{.name = "", .type = MU_DOUBLE, .min = "0", .max = "1"}, "no name"},
    };
    for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
        struct mu_parameter p;
        assert_int_equal(mu_parameter_init(&p, &CASES[i].text, arena, &error), MU_INVALID_ARGUMENT);
        if (!strstr(error.text, CASES[i].names)) {
            fail_msg("\"%s\" does not contain \"%s\"", error.text, CASES[i].names);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        arena_test(shortest_texts),
        arena_test(numbers_read_strictly),
        arena_test(grids_hold_both_ends),
        arena_test(coordinates_survive_the_round_trip),
        arena_test(ints_of_64_bits),
        arena_test(steps_that_are_too_many_to_count),
        arena_test(narrow_ranges_repeat_no_text),
        arena_test(lists_are_ordered_by_number_and_printed_verbatim),
        arena_test(values_outside_are_no_values),
        arena_test(mistakes_are_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
