package python

import (
	"encoding/json"
	"math"
	"os"
	"os/exec"
	"strings"
	"testing"
)

func TestFloat(t *testing.T) {
	for f, want := range map[float64]string{
		0: "0.0", 1: "1.0", -2.5: "-2.5", 1e15: "1000000000000000.0", 1e16: "1e+16", 0.0001: "0.0001", 0.00001: "1e-05",
		math.Inf(1): "inf", math.Inf(-1): "-inf", 123456789.125: "123456789.125", 5e-324: "5e-324", 1.7976931348623157e308: "1.7976931348623157e+308",
	} {
		if got := Float(f); got != want {
			t.Errorf("%g: %s, want %s", f, got, want)
		}
	}
	if Float(math.NaN()) != "nan" || Float(math.Copysign(0, -1)) != "-0.0" {
		t.Error("nan, or minus zero")
	}
}

// TestQuote asks Python itself.
func TestQuote(t *testing.T) {
	texts := []string{"", "a", "it's", `say "it's"`, "tab\tline\nreturn\r\\", "\x00\x1b\x7f\u0080\u00a0\u00ad", "é ü 漢", "\u200b\u2028\ue000", "\U0001f600\U000e0001", "'"}
	input, err := json.Marshal(texts)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("python3", "-c", "import json, sys\nfor s in json.load(sys.stdin): print(ascii(repr(s)))")
	cmd.Stdin = strings.NewReader(string(input))
	out, err := cmd.Output()
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("python3 does not run, and in CI it must: %v", err)
		}
		t.Skipf("python3 does not run: nothing to compare with: %v", err)
	}
	for i, want := range strings.Split(strings.TrimSpace(string(out)), "\n") {
		var ascii strings.Builder
		for _, r := range Quote(Quote(texts[i])) {
			if r < 0x80 {
				ascii.WriteRune(r)
			} else {
				ascii.WriteString(Escape(r))
			}
		}
		if ascii.String() != want {
			t.Errorf("%q: %s, want %s", texts[i], ascii.String(), want)
		}
		if n := len(Quote(texts[i])); n > quotedSize(texts[i]) {
			t.Errorf("%q: %d bytes, more than the bound", texts[i], n)
		}
	}
}
