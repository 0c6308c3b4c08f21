package cli_test

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/slipway-build/slipway/internal/enginetest"
)

// holding are the files of a folder that hold a word: those that are on its disk, and those of file systems that are
// mounted below it.
func holding(t *testing.T, dir, word string) (disk, mounted []string) {
	t.Helper()
	info, err := os.Stat(dir)
	if err != nil {
		t.Fatal(err)
	}
	own := info.Sys().(*syscall.Stat_t).Dev
	err = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return nil // others' files come and go
		}
		data, _ := os.ReadFile(path)
		if !bytes.Contains(data, []byte(word)) {
			return nil
		}
		info, err := d.Info()
		if err == nil && info.Sys().(*syscall.Stat_t).Dev == own {
			disk = append(disk, path)
		} else {
			mounted = append(mounted, path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return disk, mounted
}

// TestSecretsKilled: while a step runs, its secrets are on no disk, whether it finds them in files or in
// variables; and after kill -9 the next command takes away what is left of them in memory.
func TestSecretsKilled(t *testing.T) {
	enginetest.Need(t)
	c := newLevels(t)
	const word = "s3cret-of-a-step"
	c.write("app", "Dockerfile.template", "FROM {{ \"lib\" | image_tag }}\nRUN --mount=type=secret,id=tok --mount=type=secret,id=tok,env=TOK [\"/busybox\", \"sh\", \"-c\", \"/busybox cat /run/secrets/tok; echo; echo is running now; /busybox sleep 600\"]\n")
	c.version(1, 100)
	c.configure("")
	file := filepath.Join(c.dir, "tok")
	if err := os.WriteFile(file, []byte(word), 0o600); err != nil {
		t.Fatal(err)
	}
	root := filepath.Join(c.dir, "root")
	cmd := c.slipway("build", "--secret", "id=tok,src="+file, "fleet")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	log := filepath.Join(root, "logs", "app_1.log")
	for end := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		data, err := os.ReadFile(log)
		if err == nil && strings.Contains(string(data), " is running now\n") {
			break
		}
		if time.Now().After(end) {
			t.Fatalf("the step never ran: %s %v", data, err)
		}
	}
	look := func(when string, inMemory bool) {
		t.Helper()
		disk, mounted := holding(t, root, word)
		if len(disk) > 0 {
			t.Errorf("%s, the secret is on the disk: %q", when, disk)
		}
		if inMemory != (len(mounted) > 0) {
			t.Errorf("%s, the secret is in memory: %q", when, mounted)
		}
	}
	look("while the step runs", true)
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	cmd.Wait()
	disk, _ := holding(t, root, word)
	if len(disk) > 0 {
		t.Errorf("after the kill, the secret is on the disk: %q", disk)
	}
	if r := c.run("check"); r.code != 0 || !strings.Contains(r.err, "note: a process that had the folder was killed") {
		t.Errorf("%s", r)
	}
	if r := c.run("build", "--force", "--select", "tool:*", "fleet"); r.code != 0 {
		t.Errorf("%s", r)
	}
	look("after the next command", false)
	if r := c.run("check"); r.code != 0 || r.err != "" {
		t.Errorf("%s", r)
	}
	left, err := enginetest.Left(c.dir, root)
	if err != nil {
		t.Fatal(err)
	}
	if len(left) > 0 {
		t.Errorf("is left:\n%s", strings.Join(left, "\n"))
	}
}
