package dockerfile_test

import (
	"math/rand/v2"
	"strings"
	"testing"

	dockerspec "github.com/moby/docker-image-spec/specs-go/v1"
	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/slipway-build/slipway/engine/dockerfile"
	"github.com/slipway-build/slipway/fleet/lint"
)

// What a stage's own ARG and ENV, those of an earlier stage, or those of an image below say in the options
// of RUN --mount is for a build to find out.
func TestMountVariables(t *testing.T) {
	for _, text := range []string{
		"FROM b:1\nARG UID=1000\nRUN --mount=type=cache,target=/c,uid=$UID true\n",
		"FROM b:1\nARG N=7\nRUN --mount=type=cache,target=/c,gid=${N},mode=0$N,sharing=${S:-locked} true\n",
		"FROM b:1\nENV P=tmpfs N=1m\nRUN --mount=type=$P,target=/c,size=$N true\n",
		"FROM b:1\nARG P=/c\nRUN --mount=type=cache,target=${P?no} true\n",
		"FROM b:1 AS a\nENV UID=3\nFROM a\nRUN --mount=type=cache,target=/c,uid=$UID true\n",
		"ARG UID=4\nFROM b:1\nARG UID\nRUN --mount=type=cache,target=/c,uid=$UID true\n",
		"FROM b:1\nRUN --mount=type=cache,target=/c,uid=$BASE_UID true\nRUN --mount=type=$BASE_TYPE,target=${BASE_PATH:?no},gid=$BASE_UID true\n",
		"# check=skip=all\nFROM b:1\nRUN --mount=type=cache,target=/c,uid=$BASE_UID true\n",
		"FROM b:1\nRUN --mount=type=cache,target=/c,uid=$BASE_UID <<X\ntrue\nX\nRUN --mount=target=. true\n",
		"FROM b:1\nVOLUME $BASE_PATH\nSTOPSIGNAL $BASE_UID\n",
		"FROM b:1 AS a\nONBUILD RUN --mount=type=cache,target=/c,uid=$BASE_UID true\nFROM a\nRUN true\n",
	} {
		if _, err := dockerfile.Parse([]byte(text), nil, ""); err != nil {
			t.Errorf("%s: parsed: %v", text, err)
		}
		if _, err := dockerfile.Lint(t.Context(), []byte(text), nil, "", nil); err != nil {
			t.Errorf("%s: judged: %v", text, err)
		}
		if _, _, _, err := convert(t.Context(), text, mountBase, false); err != nil {
			t.Errorf("%s: BuildKit: %v", text, err)
		}
	}
}

var mountBase = map[string]dockerspec.DockerOCIImageConfig{"b:1": {ImageConfig: ocispecs.ImageConfig{
	Env: []string{"BASE_UID=9", "BASE_TYPE=cache", "BASE_PATH=/c"}, WorkingDir: "/srv",
}}}

// options are random options of RUN --mount, right and wrong ones.
func (w *writer) options() string {
	value := func(right string) string {
		word := w.pick(right, right, right, "x", "", "'"+right+"'", "$A", "${B}", "${A:-"+right+"}", "${B-"+right+"}", "${C:+"+right+"}", "${B:?no}", "${C?no}", `\`+right, `\$A`, "$BASE_UID", "${BASE_TYPE}", "${", "$")
		return strings.NewReplacer(",", "", " ", "").Replace(word)
	}
	all := []func() string{
		func() string { return "type=" + value(w.pick("bind", "cache", "tmpfs", "secret", "ssh")) },
		func() string { return "uid=" + value("1") }, func() string { return "gid=" + value("1") },
		func() string { return "mode=" + value("0755") }, func() string { return "size=" + value("1m") },
		func() string { return "sharing=" + value(w.pick("locked", "private")) },
		func() string { return "from=" + value(w.pick("b:1", "s", "scratch")) },
		func() string { return w.pick("src=", "source=") + value("/x") },
		func() string { return "id=" + value("i") }, func() string { return "required=" + value("true") },
		func() string {
			return w.pick("rw", "ro", "readwrite", "readonly", "required", "rw=true", "ro=false", "nosuch", "nosuch=1")
		},
	}
	list := []string{w.pick("type="+w.pick("bind", "cache", "cache", "tmpfs"), "type=$A", ""), w.pick("target=", "dst=") + value("/c")}
	for range w.IntN(3) {
		list = append(list, all[w.IntN(len(all))]())
	}
	return strings.Trim(strings.Join(list, ","), ",")
}

// TestMountsAreBuildKits: what BuildKit builds is refused neither by the parser nor by lint, whatever the
// base image, which they do not know, has. And what has no variables is refused by all, or by none.
func TestMountsAreBuildKits(t *testing.T) {
	built, refused, doubtful := 0, 0, 0
	for seed := range uint64(3000) {
		w := &writer{Rand: rand.New(rand.NewPCG(seed, 14))}
		text := "ARG A=" + w.pick("cache", "1", "/c") + "\nFROM " + w.pick("b:1", "scratch") + " AS s\n"
		text += w.pick("", "ARG A\n", "ENV A=2\n", "ARG A=tmpfs\n", "ARG B\nENV C=1\n", "ENV B=$BASE_UID\n", "WORKDIR /w\n")
		text += w.pick("", "FROM s\n", "FROM b:1\n", "FROM s AS t\nONBUILD RUN --mount="+w.options()+" true\nFROM t\n")
		text += "RUN --mount=" + w.options() + " true\n" + w.pick("", "RUN --mount="+w.options()+" true\n", "FROM scratch\n")
		_, _, _, theirs := convert(t.Context(), text, mountBase, false)
		_, parsed := dockerfile.Parse([]byte(text), nil, "")
		_, judged := dockerfile.Lint(t.Context(), []byte(text), nil, "", func(string) lint.Base { return lint.Base{} })
		variable := strings.Contains(text[strings.Index(text, "--mount"):], "$")
		switch {
		case theirs == nil && (parsed != nil || judged != nil):
			t.Fatalf("seed %d: BuildKit builds it; parsed: %v; judged: %v\n%s", seed, parsed, judged, text)
		case theirs == nil:
			built++
		case parsed != nil || judged != nil:
			refused++
		case variable || strings.Contains(theirs.Error(), "invalid mount target"):
			doubtful++
		default:
			t.Fatalf("seed %d: BuildKit refuses it: %v\n%s", seed, theirs, text)
		}
	}
	if built < 300 || refused < 300 || doubtful < 50 {
		t.Errorf("%d built, %d refused, %d that only a build can tell: the test tests too little", built, refused, doubtful)
	}
}
