package planted

import "testing"

func TestSettings(t *testing.T) {
	var s Settings
	t.Cleanup(func() {
		for _, key := range []string{"host", "port"} {
			if v := s.Get(key); v != key+"!" {
				t.Errorf("%s is %q", key, v)
			}
		}
	})
	for _, key := range []string{"host", "port"} {
		t.Run(key, func(t *testing.T) {
			t.Parallel()
			s.Set(key, key+"!")
		})
	}
}
