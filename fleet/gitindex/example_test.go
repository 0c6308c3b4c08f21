package gitindex_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/slipway-build/slipway/fleet/gitindex"
)

func Example() {
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	images := filepath.Join(dir, "images")
	script := "umask 077 && mkdir images && echo a >images/tracked && echo b >images/key && git init --quiet && git add images/tracked"
	cmd := exec.Command("sh", "-c", script)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		fmt.Printf("%v: %s\n", err, out)
		return
	}

	index, err := gitindex.Open(images)
	if err != nil || index == nil {
		fmt.Println("no checkout:", err)
		return
	}
	prefix, _ := index.Rel(images)
	for _, name := range []string{"", "tracked", "key"} {
		info, err := os.Lstat(filepath.Join(images, name))
		if err != nil {
			fmt.Println(err)
			return
		}
		perm := info.Mode().Perm()
		if kept, ok := index.Kept(filepath.ToSlash(filepath.Join(prefix, name)), info.Mode()); ok {
			perm = kept
		}
		fmt.Println(info.Name(), perm)
	}
	// Output:
	// images -rwxr-xr-x
	// tracked -rw-r--r--
	// key -rw-------
}
