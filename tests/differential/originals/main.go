// Cases and the originals' answers for what the client reads as Kubernetes does: expansion of $(NAME)
// (the kubelet's code), YAML (the library of kubectl) and regular expressions (Go's own).
//
//	differential KIND COUNT SEED FOLDER
//
// writes FOLDER/cases and FOLDER/answers: per case its length in decimal, a newline, and the bytes.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"k8s.io/kubernetes/third_party/forked/golang/expansion"
	"sigs.k8s.io/yaml"
)

var environment = map[string]string{"A": "1", "B": "$(A)", "EMPTY": "", "AB": "x y"}

func pick(r *rand.Rand, words []string) string { return words[r.Intn(len(words))] }

func expandCase(r *rand.Rand) string {
	parts := []string{"$", "$$", "(", ")", "$(", "$(A)", "$(B)", "$(EMPTY)", "$(AB)", "$(NONE)", "A", " ", "\"", "é", "\\"}
	var text strings.Builder
	for n := r.Intn(12); n >= 0; n-- {
		text.WriteString(pick(r, parts))
	}
	return text.String()
}

func expandAnswer(text string) string {
	return expansion.Expand(text, expansion.MappingFuncFor(environment))
}

var scalars = []string{"abc", "1", "-1", "012", "08", "0x1F", "0o17", "0b101", "1_000", "1.5", "-.5e3", "1e5", "1e999", "5.", ".5", "+1",
	"y", "N", "yes", "On", "OFF", "true", "False", "~", "null", "", "'1'", "\"true\"", "\"a\\tb\"", "!!str 5", "!!str true", "2020-01-02",
	"12:30:45", "1.2.3", "-", "- x", "0x", "_1", "9223372036854775807", "9223372036854775808", "18446744073709551616", "a b", "a#b", "<<", "é"}

func flow(r *rand.Rand, depth int) string {
	switch {
	case depth < 3 && r.Intn(3) == 0:
		items := []string{}
		for n := r.Intn(4); n > 0; n-- {
			items = append(items, flow(r, depth+1))
		}
		return "[" + strings.Join(items, ", ") + "]"
	case depth < 3 && r.Intn(3) == 0:
		items := []string{}
		for n := r.Intn(4); n > 0; n-- {
			items = append(items, fmt.Sprintf("k%d: %s", n, flow(r, depth+1)))
		}
		return "{" + strings.Join(items, ", ") + "}"
	}
	for {
		word := pick(r, scalars)
		if word != "" && !strings.HasPrefix(word, "- ") && word != "-" {
			return word
		}
	}
}

func yamlCase(r *rand.Rand) string {
	var text strings.Builder
	text.WriteString("m1: &m1 {k1: 1, k2: 2}\nm2: &m2 {k2: two, k3: three}\n")
	for n := r.Intn(5) + 1; n > 0; n-- {
		switch r.Intn(4) {
		case 0:
			fmt.Fprintf(&text, "a%d: %s\n", n, pick(r, scalars))
		case 1:
			merged := pick(r, []string{"*m1", "*m2", "[*m1, *m2]", "[*m2, *m1]"})
			own := fmt.Sprintf("k%d: %s", r.Intn(4), flow(r, 2))
			if r.Intn(2) == 0 {
				fmt.Fprintf(&text, "a%d: {<<: %s, %s}\n", n, merged, own)
			} else {
				fmt.Fprintf(&text, "a%d: {%s, <<: %s}\n", n, own, merged)
			}
		default:
			fmt.Fprintf(&text, "a%d: %s\n", n, flow(r, 0))
		}
	}
	return text.String()
}

func yamlAnswer(text string) string {
	answer, err := yaml.YAMLToJSON([]byte(text))
	if err != nil {
		return "refused"
	}
	return canonical(answer)
}

// canonical sorts the keys and writes every number as a double.
func canonical(text []byte) string {
	var value any
	if json.Unmarshal(text, &value) != nil {
		return "refused"
	}
	sorted, _ := json.Marshal(value)
	return string(sorted)
}

func regexpCase(r *rand.Rand) string {
	parts := []string{"(\\w+)", "=", "(\\d+)", "a", ".", "*", "+", "?", "{2}", "{2,}", "{2,1000}", "{1001}", "{,2}", "{", "[a-z]", "[^a]", "[]a]",
		"[[:alpha:]]", "\\s", "\\b", "\\.", "\\1", "\\h", "\\R", "\\K", "\\z", "\\pL", "(?:a)", "(?P<n>a)", "(?=a)", "(?!a)", "(?<=a)", "(?>a)", "(?i)",
		"|", "^", "$", "\\Qa.b\\E", "\\x41", "(?i:a)", "\\e", "\\N"}
	// PCRE, which reads the filters here, refuses to repeat an assertion; no filter needs that, and it is left out.
	for {
		var text strings.Builder
		for n := r.Intn(6); n >= 0; n-- {
			text.WriteString(pick(r, parts))
		}
		if !repeatedAssertion.MatchString(text.String()) {
			return text.String()
		}
	}
}

var repeatedAssertion = regexp.MustCompile(`(\^|\$|\\b|\\z|\(\?i\))([*+?]|\{\d)`)

func regexpAnswer(text string) string {
	_, err := regexp.Compile(text)
	return strconv.FormatBool(err == nil)
}

var kinds = map[string]struct {
	make   func(*rand.Rand) string
	answer func(string) string
}{"expand": {expandCase, expandAnswer}, "yaml": {yamlCase, yamlAnswer}, "regexp": {regexpCase, regexpAnswer}}

func frame(out *bytes.Buffer, text string) { fmt.Fprintf(out, "%d\n%s", len(text), text) }

func main() {
	kind := kinds[os.Args[1]]
	count, _ := strconv.Atoi(os.Args[2])
	seed, _ := strconv.ParseInt(os.Args[3], 10, 64)
	r := rand.New(rand.NewSource(seed))
	var cases, answers bytes.Buffer
	for i := 0; i < count; i++ {
		text := kind.make(r)
		frame(&cases, text)
		frame(&answers, kind.answer(text))
	}
	for name, content := range map[string]*bytes.Buffer{"cases": &cases, "answers": &answers} {
		if err := os.WriteFile(filepath.Join(os.Args[4], name), content.Bytes(), 0o644); err != nil {
			panic(err)
		}
	}
}
