module example.com/afterwards

go 1.25
