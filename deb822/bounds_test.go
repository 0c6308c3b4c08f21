package deb822_test

import (
	"strings"
	"testing"

	"github.com/slipway-build/slipway/deb822"
)

func TestManyRelations(t *testing.T) {
	all, err := deb822.ParseRelations(strings.Repeat("a,\n", deb822.MaxRelations), 3)
	if len(all) != deb822.MaxRelations || err != nil {
		t.Errorf("%d relations, %v", len(all), err)
	}
	const want = "line 10003: cannot read relations: there are more than 10000\nhint: remove what is not needed"
	for _, text := range []string{strings.Repeat("a,\n", 12_000), strings.Repeat("a|\n", 12_000) + "b"} {
		if all, err = deb822.ParseRelations(text, 3); err == nil || err.Error() != want || len(all) > deb822.MaxRelations {
			t.Errorf("%d relations, %.300v", len(all), err)
		}
	}
	if all, err = deb822.ParseRelations(strings.Repeat("a, ", deb822.MaxRelations-1)+"b", 3); len(all) != deb822.MaxRelations || err != nil {
		t.Errorf("%d relations, %v", len(all), err)
	}
}
