/** Whether everyone who guesses would try it early: on the list, a run such as `23456789`, or one to three characters repeated. */
export function isCommonPassword(password: string): boolean {
  const plain = password.normalize('NFKC').trim().toLowerCase()
  return common.has(plain) || isRun(plain) || /^(.{1,3})\1+$/u.test(plain)
}

const runs = [
  '01234567890123456789',
  'abcdefghijklmnopqrstuvwxyz',
  'qwertyuiopasdfghjklzxcvbnm',
  'qwertzuiopasdfghjklyxcvbnm',
  'azertyuiopqsdfghjklmwxcvbn',
]

function isRun(plain: string): boolean {
  const backwards = [...plain].reverse().join('')
  return plain.length >= 4 && runs.some((run) => run.includes(plain) || run.includes(backwards))
}

/** What public lists of leaked passwords have at their top, in lower case. */
const common: ReadonlySet<string> = new Set(
  `
  password password1 password2 password3 password01 password11 password12 password21 password22 password69 password99
  password123 password1234 password12345 password123456 password! password1! password12! password123! password2020
  password2021 password2022 password2023 password2024 password2025 password2026 passw0rd passw0rd1 passw0rd! p@ssw0rd
  p@ssw0rd1 p@ssword p@ssword1 p@$$w0rd p@55w0rd pa$$word pa$$w0rd pass1234 pass12345 pass123 pass passpass passport
  password.1 passwort passwort1 passwort123 motdepasse contraseña contrasena senha senha123 parola haslo wachtwoord
  passord salasana lozinka heslo jelszo sifre sifre123 mypassword mypass yourpassword thepassword newpassword
  newpass oldpassword changeme changeme1 changeme123 changeit change-me letmein letmein1 letmein123 letmein! letmeinnow
  welcome welcome1 welcome12 welcome123 welcome1234 welcome! welcome@123 welcome2023 welcome2024 welcome2025 welcome2026
  admin admin1 admin12 admin123 admin1234 admin12345 admin123456 admin@123 admin! admin2024 admin2025 administrator
  administrator1 adminadmin root root123 rootroot toor superuser superadmin sysadmin manager master master123 masterkey
  user user123 user1234 username guest guest123 test test1 test12 test123 test1234 test12345 test123456 testtest testing
  testing1 testing123 tester temp temp123 temp1234 temppass temporary default demo demo1234 demo123 demodemo sample
  example secret secret1 secret123 secret1234 topsecret private secure secure123 security security1 login login123
  access access14 qwerty qwerty1 qwerty12 qwerty123 qwerty1234 qwerty12345 qwerty123456 qwerty! qwertyuiop qwertyui
  qwertyuiop123 qwertyuiop[] qwerty7 qwe123 qweasd qweasdzxc qweqwe qwaszx qazwsx qazwsxedc qazwsx123 qazxsw zaq12wsx
  zaq1zaq1 zaq1xsw2 zaq!2wsx !qaz2wsx !qaz@wsx 1qaz2wsx 1qaz2wsx3edc 1qaz@wsx 1qazxsw2 1q2w3e 1q2w3e4r 1q2w3e4r5t
  1q2w3e4r5t6y q1w2e3 q1w2e3r4 q1w2e3r4t5 1qazzaq1 asdf asdf1234 asdf123 asdfasdf asdfgh asdfghjkl asdfghjk asdfjkl
  asdfqwer asd123 asdasd asdasd123 zxcvbn zxcvbnm zxcvbnm1 zxc123 zxczxc poiuytrewq mnbvcxz lkjhgfdsa
  123 1234 12345 123456 1234567 12345678 123456789 1234567890 12345678910 1234567891 123456789a 123456a 123456q
  12345a 123456b 12345q 123456aa 123456abc 12345678a 123abc 123qwe 123qweasd 123qweasdzxc 1234qwer 12345qwert 123asd
  12341234 123123 123123123 123321 12344321 123454321 123456654321 1234554321 112233 11223344 1122334455 121212
  12121212 131313 141414 147258 147258369 147852 147852369 159357 159753 123789 123987 102030 10203040 100200 101010
  111222 111222333 123456789q 1234abcd 123abc123 12345abc 0987654321 987654321 9876543210 87654321 7654321 654321 54321
  963852741 741852963 789456 789456123 7894561230 456789 456123 258456 159951 110110 19841984 20202020 1a2b3c 1a2b3c4d
  a1b2c3 a1b2c3d4 a1b2c3d4e5 aa123456 aa12345678 aaa111 ab123456 abc abc123 abc1234 abc12345 abc123456 abc@123 abcabc
  abcd abcd123 abcd1234 abcd12345 abcde123 abcdef abcdefg abcdefgh abcdefg1 a123456 a1234567 a12345678 a123456789 aaaaaa
  aaaaaaaa q123456 z123456 x123456 qq123456 w123456 s123456 m123456 zz123456 as123456 aa123123 abc123abc
  iloveyou iloveyou1 iloveyou2 iloveyou! iloveyou3 iloveme ilovegod ilovehim ilovemom iloveu iloveyou123 loveme loveyou
  loveyou1 lovelove lovely lovers love love123 love1234 mylove truelove forever forever1 always babygirl babygirl1
  babyboy baby baby123 babylove sweetheart sweety sweetie honey honeybee princess princess1 princess123 prince queen
  king king123 kingkong angel angel1 angel123 angels angela angelo sunshine sunshine1 sunshine123 sunflower rainbow
  rainbow1 butterfly flower flowers flower1 buttercup cupcake cookie cookies chocolate chocolate1 candy cheese pepper
  ginger banana apple apple123 orange orange1 cherry strawberry peaches pumpkin coffee monkey monkey1 monkey123 dragon
  dragon1 dragon123 tiger tiger1 tigers tigger tigger1 lion panther eagle eagles1 eagles falcon wolf wolves bear bears
  dolphin dolphins shark snoopy scooby garfield mickey mickeymouse minnie donald simba bambi hellokitty kitty kitten
  pokemon pokemon1 pikachu naruto naruto1 goku superman superman1 batman batman1 batman123 spiderman spiderman1 ironman
  hulk wolverine avengers captain america starwars starwars1 startrek skywalker matrix merlin gandalf hobbit zelda mario
  nintendo playstation xbox xbox360 minecraft minecraft1 fortnite roblox counterstrike counter gamer gaming cheater
  football football1 football123 soccer soccer1 soccer12 baseball baseball1 basketball basketball1 hockey hockey1 tennis
  golf golfer swimming running fishing hunter hunting racing nascar ferrari porsche mercedes mustang mustang1 camaro
  corvette harley yamaha honda toyota ford chevy chevrolet arsenal arsenal1 chelsea chelsea1 liverpool liverpool1
  manchester manutd barcelona realmadrid juventus milan steelers steelers1 cowboys cowboys1 yankees yankees1 lakers
  packers redsox raiders rangers celtic ronaldo ronaldo7 messi messi10 jordan jordan23 jordan1 kobe24 michael michael1
  michelle michelle1 jessica jessica1 jennifer jennifer1 ashley ashley1 amanda amanda1 daniel daniel1 andrew andrew1
  anthony anthony1 joshua joshua1 matthew matthew1 robert robert1 thomas thomas1 charlie charlie1 george george1 jasmine
  jasmine1 nicole nicole1 samantha samantha1 natasha victoria veronica vanessa patricia elizabeth alexander alexandra
  alexis william james john david david1 richard joseph christopher christian brandon brandon1 jonathan justin justin1
  justinbieber tyler taylor hannah olivia sophie maria carlos diego jose miguel ricardo alejandro fernando sebastian
  valentina camila isabella gabriel gabriela francisco antonio roberto pamela melissa maggie buster shadow shadow1
  hunter1 hunter2 killer killer1 ranger jackson maverick phoenix thunder thunder1 lightning silver silver1 golden diamond
  diamonds purple purple1 yellow green blue black white redred blackcat whatever whatever1 trustno1 trustnoone nothing
  nopassword none null undefined freedom freedom1 liberty jesus jesus1 jesus123 jesuschrist jesusislord christ god
  godisgood blessed blessing faith heaven peace hope grace matthew1 summer summer1 summer123 summer2023 summer2024
  summer2025 summer2026 winter winter1 winter123 winter2023 winter2024 winter2025 winter2026 spring spring2024
  spring2025 spring2026 autumn autumn2024 autumn2025 january february march april june july august september october
  november december december1 monday monday1 friday friday1 sunday saturday london london1 paris berlin newyork
  newyork1 america1 canada mexico brasil brazil espana france germany italia india india123 pakistan pakistan1 china
  computer computer1 computer123 internet internet1 laptop samsung samsung1 apple1 iphone android google google123
  google1 facebook facebook1 instagram instagram1 instagram123 twitter youtube linkedin whatsapp microsoft windows
  windows10 linux ubuntu oracle cisco cisco123 server database postgres mysql redis rabbitmq docker delightchat
  delightchat1 delightchat123 support support1 support123 helpdesk service office company business money money1 money123
  dollar million lucky lucky1 lucky7 lucky13 success winner champion rockstar rockyou rocky rocky1 metallica nirvana
  slipknot eminem beatles music music1 guitar dancer dancing fuckyou fuckyou1 fuckyou2 fuckoff fuckme asshole asshole1
  bitch bitches bullshit sexy sexy123 hottie hotdog playboy 696969 69696969 666666 777777 888888 999999 000000 00000000
  hello hello1 hello12 hello123 hello1234 helloworld hello! hi hiphop goodluck goodbye thankyou please smile smiley
  family family1 family123 mother father mommy daddy sister brother friend friends friends1 bestfriend myspace1 myspace
  school school1 student student1 teacher college university lolipop lollipop lollypop lalala blabla blink182 number1
  one2three onetwothree abc123! p4ssword pa55word pa55w0rd drowssap qwerty1! qwert qwert123 qwert1234 qwertz qwertz123
  azerty azerty123 azertyuiop 1111 11111 111111 1111111 11111111 1234567a 1234561 123456789! 12345678! 123456! abcd123!
  abc12345! aa123456! qwer1234 qwer123 asdf123! zxcv1234 zxcvbnm123 trustme believe dreams dreamer crystal scorpion
  genesis infinity eternity universe galaxy spirit warrior knight samurai ninja ninja1 pirate sniper soldier marine army
  `
    .trim()
    .split(/\s+/),
)
