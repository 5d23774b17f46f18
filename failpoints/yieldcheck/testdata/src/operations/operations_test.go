package operations

func inATest(s *state) { s.n.Load() }
