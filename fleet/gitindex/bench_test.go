package gitindex

import (
	"fmt"
	"testing"
)

// large is a checkout with 50,000 files of 1,000 images, as git lists them.
func large(b *testing.B, options ...string) (r repo, paths []string) {
	b.Helper()
	r = newRepo(b, options...)
	hash := r.git("hash-object", "-w", "/dev/null")
	hash = hash[:len(hash)-1]
	var lines []byte
	for i := range 1000 {
		for f := range 50 {
			p := fmt.Sprintf("images/group%02d/image%03d/rootfs/etc/part%d/file%02d.conf", i%30, i, f%5, f)
			lines = fmt.Appendf(lines, "100644 %s 0\t%s\n", hash, p)
			paths = append(paths, p)
		}
	}
	r.indexInfo(string(lines))
	return r, paths
}

func BenchmarkOpen(b *testing.B) {
	for name, prepare := range map[string]func(r repo){
		"v2":    func(repo) {},
		"v4":    func(r repo) { r.git("update-index", "--index-version=4") },
		"split": func(r repo) { r.git("update-index", "--split-index") },
	} {
		for _, format := range []string{"sha1", "sha256"} {
			b.Run(name+"/"+format, func(b *testing.B) {
				r, paths := large(b, "--object-format="+format)
				prepare(r)
				b.ReportAllocs()
				for b.Loop() {
					if x, err := Open(r.dir); err != nil || len(x.tree.files) < len(paths) {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

func BenchmarkStamp(b *testing.B) {
	r, _ := large(b)
	b.ReportAllocs()
	for b.Loop() {
		c, err := find(r.path("."))
		if err != nil {
			b.Fatal(err)
		}
		if _, err := c.Stamp(); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkTracked looks up all of 50,000 files: as a walk comes to them, and in no order, when every look is a
// walk through memory that no cache holds.
func BenchmarkTracked(b *testing.B) {
	r, paths := large(b)
	x := r.open()
	for name, step := range map[string]int{"walk": 1, "no order": 7919} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			i := 0
			for b.Loop() {
				if _, ok := x.Tracked(paths[i]); !ok {
					b.Fatal(paths[i])
				}
				i = (i + step) % len(paths)
			}
		})
	}
}
