package dockerapi

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestPSTable(t *testing.T) {
	got, err := psTable("UID   PID CMD\nroot    7 sleep 10  20\nroot    8 other\napp    77 x\n", []string{"7", "77"})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([][]string{{"UID", "PID", "CMD"}, {"root", "7", "sleep 10 20"}, {"app", "77", "x"}}, append([][]string{got.Titles}, got.Processes...)); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if _, err := psTable("UID CMD\nroot sleep\n", nil); err == nil {
		t.Error("a table without numbers: no error")
	}
}
