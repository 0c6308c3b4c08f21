package boltfile_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime/debug"
	"testing"

	bolt "go.etcd.io/bbolt"

	"github.com/slipway-build/slipway/engine/embedded/boltfile"
)

// write makes a database with buckets in buckets, long values, free pages and more than one level.
func write(t *testing.T, o *bolt.Options) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "test.db")
	o.NoSync = true
	db, err := bolt.Open(path, 0o600, o)
	if err != nil {
		t.Fatal(err)
	}
	for round := range 3 {
		err = db.Update(func(tx *bolt.Tx) error {
			for i := range 20 {
				b, err := tx.CreateBucketIfNotExists(fmt.Appendf(nil, "bucket %d", i))
				if err != nil {
					return err
				}
				in, err := b.CreateBucketIfNotExists([]byte("inner"))
				if err != nil {
					return err
				}
				for k := range i * (3 - round) {
					key := fmt.Appendf(nil, "key %d", k)
					if err := errors.Join(b.Put(key, make([]byte, 7*k)), in.Put(key, key)); err != nil {
						return err
					}
				}
			}
			return tx.DeleteBucket(fmt.Appendf(nil, "bucket %d", 15+round))
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestWhole(t *testing.T) {
	for name, o := range map[string]*bolt.Options{
		"default": {}, "map": {FreelistType: bolt.FreelistMapType}, "no list": {NoFreelistSync: true}, "small pages": {PageSize: 1024},
	} {
		if err := boltfile.Check(write(t, o)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestNoDatabase(t *testing.T) {
	for _, text := range []string{"", "short", string(make([]byte, 1<<16))} {
		path := filepath.Join(t.TempDir(), "test.db")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := boltfile.Check(path); !errors.Is(err, boltfile.ErrDamaged) {
			t.Errorf("%d bytes: %v", len(text), err)
		}
	}
	if err := boltfile.Check(filepath.Join(t.TempDir(), "nothing")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
}

// TestDamage: what the check lets pass, bbolt can walk and write without a panic. Check itself never panics.
func TestDamage(t *testing.T) {
	path := write(t, &bolt.Options{PageSize: 1024})
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	random := rand.New(rand.NewPCG(11, 5))
	passed, found := 0, 0
	for i := range 1500 {
		data := append([]byte(nil), whole...)
		switch i % 3 {
		case 0:
			data = data[:random.IntN(len(data))]
		case 1:
			data[random.IntN(len(data))] ^= 1 << random.IntN(8)
		case 2: // headers and elements, where it hurts
			data[1024*random.IntN(len(data)/1024)+random.IntN(64)] ^= byte(1 + random.IntN(255))
		}
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		switch err := boltfile.Check(path); {
		case err == nil:
			passed++
			if err := use(path); err != nil {
				t.Fatalf("case %d passes, and then: %v", i, err)
			}
		case errors.Is(err, boltfile.ErrDamaged):
			found++
		default:
			t.Fatalf("case %d: %v", i, err)
		}
	}
	if passed == 0 || found == 0 {
		t.Errorf("%d passed, %d were damaged: the test proves nothing", passed, found)
	}
}

// use reads all of the database and writes into it.
func use(path string) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v", r)
		}
	}()
	db, err := bolt.Open(path, 0o600, &bolt.Options{NoSync: true})
	if err != nil {
		return err
	}
	defer db.Close()
	return db.Update(func(tx *bolt.Tx) error {
		b, err := tx.CreateBucketIfNotExists([]byte("another"))
		if err != nil {
			return err
		}
		return errors.Join(walk(tx.Cursor().Bucket()), b.Put([]byte("key"), make([]byte, 5000)))
	})
}

func walk(b *bolt.Bucket) error {
	return b.ForEach(func(k, v []byte) error {
		if v == nil {
			return walk(b.Bucket(k))
		}
		return nil
	})
}
