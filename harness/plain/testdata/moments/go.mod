module example.com/moments

go 1.25
